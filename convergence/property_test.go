package convergence_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// check holds drawn examples to the property inside one synctest bubble. Rapid
// must not see the *testing.T, whose deadline a bubble does not tell.
func check(t *testing.T, property func(*rapid.T)) {
	synctest.Test(t, func(t *testing.T) { rapid.Check(struct{ testing.TB }{t}, property) })
}

// TestPlanProperties draws projects and worlds and holds every plan to what
// must be true of any: it is acyclic and complete, every step says why, the
// order of what was observed does not matter, and nothing is written to.
func TestPlanProperties(t *testing.T) {
	check(t, func(t *rapid.T) {
		w := newRandomEngine(t)
		defer w.Close()
		w.converge(generateProject(t, "demo"), up.UpOptions{})
		w.suffer()
		want := generateProject(t, "demo")
		have := w.observe(want)
		for _, pl := range planners(t, want) {
			before := copied(have)
			p, err := pl.plan(have)
			refused := errorText(err)
			if _, err := p.Graph(); err != nil {
				t.Fatalf("%s: %v\n%s", pl.name, err, p)
			}
			for _, s := range p.Steps {
				if s.Reason == "" {
					t.Fatalf("%s: step %s has no reason", pl.name, s.ID)
				}
			}
			if !reflect.DeepEqual(have, before) {
				t.Fatalf("%s wrote to the observation", pl.name)
			}
			again, err := pl.plan(shuffled(t, have))
			if again.String() != p.String() || errorText(err) != refused {
				t.Fatalf("%s depends on the order of the observation:\n%s%s\nand\n%s%v", pl.name, p, refused, again, err)
			}
		}
	})
}

// TestApplyThenPlanIsEmpty draws a project, brings it up, lets accidents
// happen, brings another version of it up and takes it down. After each up
// there is nothing left to do, and strangers never notice.
func TestApplyThenPlanIsEmpty(t *testing.T) {
	check(t, func(t *rapid.T) {
		w := newRandomEngine(t)
		defer w.Close()
		theirs := addStrangers(t, w.Engine)
		before := linesOf(w.Snapshot(), theirs)

		w.converge(generateProject(t, "demo"), up.UpOptions{})
		w.suffer()
		second := generateProject(t, "demo")
		w.converge(second, up.UpOptions{RemoveOrphans: true})
		w.complete(second)
		if got := linesOf(w.Snapshot(), theirs); got != before {
			t.Fatalf("strangers were touched:\n%s\nwas\n%s", got, before)
		}

		w.suffer()
		down, err := up.PlanDown(second, w.observe(second), up.DownOptions{Volumes: true})
		if err != nil {
			t.Fatal(err)
		}
		w.apply(down)
		w.empty(second)
		if got := linesOf(w.Snapshot(), theirs); got != before {
			t.Fatalf("down touched strangers:\n%s\nwas\n%s", got, before)
		}
	})
}

// randomEngine is an engine and what is done to it.
type randomEngine struct {
	*rapid.T
	*memengine.Engine
}

func newRandomEngine(t *rapid.T) *randomEngine { return &randomEngine{t, newGenerated()} }

// suffer lets accidents happen and their consequences come about: a job that
// an up finds running might otherwise be one that is about to be killed.
func (w *randomEngine) suffer() {
	disturbProject(w.T, w.Engine, "demo")
	time.Sleep(time.Second)
}

func (w *randomEngine) observe(want *project.Project) engine.Observed {
	o, err := up.StartObserving(w.Context(), w.Engine, want.Name).Recall(w.Engine).Observe(w.Context(), want)
	if err == nil {
		o, _, err = engine.FindStopping(w.Context(), w.Engine, o, nil, time.Now())
	}
	if err != nil {
		w.Fatal(err)
	}
	return o
}

func (w *randomEngine) apply(p plan.Plan) {
	f := feed.New(w.Context(), p.Project, w.Engine)
	defer f.Close()
	if err := apply.Apply(w.Context(), p, w.Engine, f, func(engine.Progress) {}); err != nil {
		w.Fatalf("apply: %v\nof the plan\n%s\non\n%s", err, p, w.Snapshot())
	}
}

// converge applies an up and checks that another has nothing to do, save for
// jobs, which run again at every up.
func (w *randomEngine) converge(want *project.Project, opt up.UpOptions) {
	p, err := up.PlanUp(want, w.observe(want), opt)
	if err != nil {
		w.Fatal(err)
	}
	w.apply(p)
	synctest.Wait()
	again, err := up.PlanUp(want, w.observe(want), opt)
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range again.Steps {
		start, isStart := s.Action.(plan.StartContainer)
		if _, wait := s.Action.(plan.Await); !wait && !(isStart && start.Service == "job") {
			w.Fatalf("a second up is not empty:\n%s\nafter\n%s\non\n%s", again, p, w.Snapshot())
		}
	}
}

// complete checks that every replica runs under its own name and nothing else is there.
func (w *randomEngine) complete(want *project.Project) {
	have := w.observe(want)
	n := 0
	for _, s := range want.Services {
		cs := have.Of(s.Name)
		if len(cs) != s.Replicas {
			w.Fatalf("%d containers of %s, want %d:\n%s", len(cs), s.Name, s.Replicas, w.Snapshot())
		}
		n += len(cs)
		for _, c := range cs {
			if _, temporary := project.FinalName(c.Name); temporary || c.Name != want.ContainerName(s, c.Number) {
				w.Fatalf("container of %s is named %s", s.Name, c.Name)
			}
			if c.State != engine.Running && s.Name != "job" {
				w.Fatalf("%s is %s", c.Name, c.State)
			}
		}
	}
	if n != len(have.Containers) {
		w.Fatalf("%d containers, want %d:\n%s", len(have.Containers), n, w.Snapshot())
	}
}

// empty checks that nothing of the project is left.
func (w *randomEngine) empty(want *project.Project) {
	have := w.observe(want)
	declared := func(o engine.Volume) bool {
		return slices.ContainsFunc(want.Volumes, func(v *project.Volume) bool { return v.Name == o.Name })
	}
	if len(have.Containers) > 0 || slices.ContainsFunc(have.Volumes, declared) {
		w.Fatalf("left after down:\n%s", w.Snapshot())
	}
	for _, n := range have.Networks {
		if want.Network(strings.TrimPrefix(n.Name, want.Name+"_")) != nil {
			w.Fatalf("network %s left after down", n.Name)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type planner struct {
	name string
	plan func(engine.Observed) (plan.Plan, error)
}

// planners are the plans that can be made for a project.
func planners(t *rapid.T, want *project.Project) []planner {
	services := rapid.SliceOfDistinct(rapid.SampledFrom(want.ServiceNames()), rapid.ID).Draw(t, "targets")
	remove := rapid.Bool().Draw(t, "remove orphans")
	return []planner{
		{"up", func(o engine.Observed) (plan.Plan, error) {
			return up.PlanUp(want, o, up.UpOptions{Services: services, RemoveOrphans: remove, Wait: remove})
		}},
		{"up by force", func(o engine.Observed) (plan.Plan, error) {
			return up.PlanUp(want, o, up.UpOptions{Services: services, Recreate: up.RecreateForce})
		}},
		{"down", func(o engine.Observed) (plan.Plan, error) {
			return up.PlanDown(want, o, up.DownOptions{Services: services, RemoveOrphans: remove, Volumes: remove})
		}},
		{"down by labels", func(o engine.Observed) (plan.Plan, error) {
			return up.PlanDown(nil, o, up.DownOptions{RemoveOrphans: remove})
		}},
		{"start", func(o engine.Observed) (plan.Plan, error) { return up.PlanStart(want, o, up.StartOptions{}) }},
		{"stop", func(o engine.Observed) (plan.Plan, error) {
			return up.PlanStop(want, o, up.StopOptions{Services: services})
		}},
		{"restart", func(o engine.Observed) (plan.Plan, error) { return up.PlanRestart(want, o, up.RestartOptions{}) }},
	}
}

// copied is the observation with slices of its own.
func copied(o engine.Observed) engine.Observed {
	o.Containers, o.Networks = slices.Clone(o.Containers), slices.Clone(o.Networks)
	o.Volumes, o.Images = slices.Clone(o.Volumes), slices.Clone(o.Images)
	for i := range o.Containers {
		c := &o.Containers[i]
		c.Networks, c.Mounts, c.Ports = slices.Clone(c.Networks), slices.Clone(c.Mounts), slices.Clone(c.Ports)
	}
	return o
}

func shuffled(t *rapid.T, o engine.Observed) engine.Observed {
	o.Containers = rapid.Permutation(o.Containers).Draw(t, "order of containers")
	o.Networks = rapid.Permutation(o.Networks).Draw(t, "order of networks")
	o.Volumes = rapid.Permutation(o.Volumes).Draw(t, "order of volumes")
	o.Images = rapid.Permutation(o.Images).Draw(t, "order of images")
	return o
}
