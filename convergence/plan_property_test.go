package convergence_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// TestPlansIgnoreOrder: however the observation was put together, the plan is
// the same, and making it writes to neither argument.
func TestPlansIgnoreOrder(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := readCase(t, archive)
		want := c.run(t)
		r := rand.New(rand.NewPCG(1, 2))
		shuffle(r, c.have.Containers)
		shuffle(r, c.have.Networks)
		shuffle(r, c.have.Volumes)
		shuffle(r, c.have.Images)
		before := snapshot(t, c.have, c.want)
		if got := c.run(t); got != want {
			t.Errorf("%s: the order shows:\n%s\nin order:\n%s", file, got, want)
		}
		if snapshot(t, c.have, c.want) != before {
			t.Errorf("%s: planning changed its arguments", file)
		}
	}
}

func shuffle[T any](r *rand.Rand, s []T) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

func snapshot(t *testing.T, have engine.Observed, want *project.Project) string {
	t.Helper()
	type plain struct {
		Services, Disabled []*project.Service
		Networks           []*project.Network
		Volumes            []*project.Volume
	}
	b, err := json.Marshal(struct {
		Have engine.Observed
		Want plain
	}{have, plain{want.Services, want.Disabled, want.Networks, want.Volumes}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPlansConverge: whatever there was, performing the plan in any order that
// it allows breaks no rule of the engine, the next plan is empty, no temporary
// name is left, anonymous volumes are where they were, and strangers are
// untouched. The same holds if the run is killed between any two steps, or if a
// step fails, and up is run again.
func TestPlansConverge(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		was := drawProject(t, dir, "was")
		want := drawProject(t, dir, "want")
		s := newSim()
		stranger := engine.Container{Ref: engine.Ref{ID: "5717a", Name: "stranger"}, State: engine.Running}
		s.strange = []engine.Container{stranger}
		perform(t, s, planUp(t, was, s.have), "first up")
		disturb(t, s)
		before := anonymousOf(s)
		opt := drawUpOptions(t)
		run := rapid.SampledFrom([]string{"whole", "killed", "failed"}).Draw(t, "run")
		switch run {
		case "killed", "failed":
			p := mustPlan(t, want, s.have, opt)
			forgetRebuilt(p, before)
			interrupt(t, s, p, run == "failed")
		}
		plan := mustPlan(t, want, s.have, opt)
		perform(t, s, plan, "up")
		opt.Recreate, opt.Wait = "", false
		again := mustPlan(t, want, s.have, opt)
		if again.Changes() { // what is to be completed is waited for again
			t.Fatalf("not converged: the next plan is\n%s\nstate:\n%s", again, s)
		}
		if names := s.temporary(); len(names) > 0 {
			t.Fatalf("temporary names are left: %v", names)
		}
		checkData(t, was, want, before, s)
		if run == "whole" {
			checkLeaks(t, s, plan)
		}
		down := downLeavesNothing(t, want, s)
		if run == "whole" {
			checkLeaks(t, s, down)
		}
	})
}

func planUp(t *rapid.T, p *project.Project, have engine.Observed) plan.Plan {
	return mustPlan(t, p, have, up.UpOptions{Now: now})
}

func mustPlan(t *rapid.T, p *project.Project, have engine.Observed, opt up.UpOptions) plan.Plan {
	plan, err := up.PlanUp(p, have, opt)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if _, err := plan.Graph(); err != nil {
		t.Fatalf("plan is no graph: %v\n%s", err, plan)
	}
	if left := leftApart(plan); len(left) > 0 {
		t.Fatalf("a failure elsewhere leaves a container stopped: %v\n%s", left, plan)
	}
	for _, step := range plan.Steps {
		if step.Reason == "" {
			t.Fatalf("step %s has no reason", step.ID)
		}
	}
	return plan
}

// perform does every step, in an order drawn from those that the plan allows.
func perform(t *rapid.T, s *sim, p plan.Plan, what string) {
	done := map[plan.StepID]bool{}
	for len(done) < len(p.Steps) {
		ready := readySteps(p, done)
		step := ready[rapid.IntRange(0, len(ready)-1).Draw(t, "next")]
		if err := s.do(step.Action); err != nil {
			t.Fatalf("%s: %s: %v\nplan:\n%s\nstate:\n%s", what, step.ID, err, p, s)
		}
		done[step.ID] = true
	}
}

func readySteps(p plan.Plan, done map[plan.StepID]bool) []plan.Step {
	var ready []plan.Step
	for _, step := range p.Steps {
		if !done[step.ID] && !slices.ContainsFunc(step.Needs, func(n plan.StepID) bool { return !done[n] }) {
			ready = append(ready, step)
		}
	}
	return ready
}

// interrupt does some of the steps and then stops: dead at once, or because a
// step failed, in which case that one is undone and begun work is finished.
func interrupt(t *rapid.T, s *sim, p plan.Plan, fail bool) {
	if len(p.Steps) == 0 {
		return
	}
	done := map[plan.StepID]bool{}
	for range rapid.IntRange(0, len(p.Steps)-1).Draw(t, "steps before") {
		ready := readySteps(p, done)
		step := ready[rapid.IntRange(0, len(ready)-1).Draw(t, "next")]
		if err := s.do(step.Action); err != nil {
			t.Fatalf("before the interruption: %s: %v\nplan:\n%s\nstate:\n%s", step.ID, err, p, s)
		}
		done[step.ID] = true
	}
	if !fail {
		return
	}
	ready := readySteps(p, done)
	failed := ready[rapid.IntRange(0, len(ready)-1).Draw(t, "fails")]
	undo(s, failed)
	stuck := map[plan.StepID]bool{failed.ID: true}
	for {
		ready := readySteps(p, done)
		i := slices.IndexFunc(ready, func(x plan.Step) bool { return x.Finish && !stuck[x.ID] })
		if i < 0 {
			return
		}
		if err := s.do(ready[i].Action); err != nil { // what was put back may be in its way
			stuck[ready[i].ID] = true
			undo(s, ready[i])
			continue
		}
		done[ready[i].ID] = true
	}
}

// undo does what a failed step puts back. What cannot be is left to the next run.
func undo(s *sim, failed plan.Step) {
	for _, a := range failed.OnFailure {
		if err := s.do(a); err != nil {
			continue
		}
	}
}

// disturb lets containers exit, pause or vanish.
func disturb(t *rapid.T, s *sim) {
	for i := range s.have.Containers {
		switch rapid.IntRange(0, 9).Draw(t, "disturb") {
		case 0, 1:
			s.have.Containers[i].State = engine.Exited
		case 2:
			s.have.Containers[i].State = engine.Paused
		case 3:
			s.have.Containers[i].Health = engine.HealthHealthy
		case 4:
			s.have.Containers[i].State = rapid.SampledFrom([]engine.State{engine.Exited, engine.Dead}).Draw(t, "down")
		}
	}
}

func drawUpOptions(t *rapid.T) up.UpOptions {
	opt := up.UpOptions{Now: now, RemoveOrphans: true, RecreateVolumes: true}
	opt.Recreate = rapid.SampledFrom([]up.RecreatePolicy{"", "", up.RecreateForce}).Draw(t, "recreate")
	opt.Wait = rapid.Bool().Draw(t, "wait")
	return opt
}

// forgetRebuilt leaves out slots whose container must go before its successor
// can be made, since it holds a volume that is to be destroyed: a run killed in
// between cannot carry its anonymous volumes over.
func forgetRebuilt(p plan.Plan, volumes map[string]string) {
	for _, step := range p.Steps {
		if a, ok := step.Action.(plan.CreateContainer); ok && a.Replaces.Name == "" && len(a.Spec.Inherit) > 0 {
			delete(volumes, fmt.Sprintf("%s-%d:/anon", a.Spec.Service.Name, a.Spec.Number))
		}
	}
}

// anonymousOf are the anonymous volumes by slot and target.
func anonymousOf(s *sim) map[string]string {
	volumes := map[string]string{}
	for _, c := range s.have.Containers {
		for _, m := range c.Mounts {
			if _, own := s.anon[m.Name]; own {
				volumes[fmt.Sprintf("%s-%d:%s", c.Service, c.Number, m.Target)] = m.Name
			}
		}
	}
	return volumes
}

// checkData fails if a slot that is still there has lost its anonymous volume.
func checkData(t *rapid.T, was, want *project.Project, before map[string]string, s *sim) {
	for _, c := range s.have.Containers {
		old, now := was.Service(c.Service), want.Service(c.Service)
		if old == nil || now == nil || !declaresAnonymous(old) || !declaresAnonymous(now) {
			continue
		}
		key := fmt.Sprintf("%s-%d:/anon", c.Service, c.Number)
		if name := before[key]; name != "" && !mounted(c, name) {
			t.Fatalf("%s has lost its anonymous volume; state:\n%s", key, s)
		}
	}
}

// checkLeaks fails if an anonymous volume has no container. A run killed after a
// removal may leave one: an engine knows no project of anonymous volumes.
func checkLeaks(t *rapid.T, s *sim, p plan.Plan) {
	for name := range s.anon {
		if !s.unsure[name] && !slices.ContainsFunc(s.have.Containers, func(c engine.Container) bool { return mounted(c, name) }) {
			t.Fatalf("anonymous volume %s leaks; plan:\n%s", shortTestID(name), p)
		}
	}
}

func declaresAnonymous(s *project.Service) bool {
	for _, v := range s.Spec.Volumes {
		if v.Source == "" {
			return true
		}
	}
	return false
}

// downLeavesNothing takes the project down and looks what is left.
func downLeavesNothing(t *rapid.T, want *project.Project, s *sim) plan.Plan {
	p, err := up.PlanDown(want, s.have, up.DownOptions{Volumes: true, RemoveOrphans: true})
	if err != nil {
		t.Fatal(err)
	}
	perform(t, s, p, "down")
	if len(s.have.Containers)+len(s.have.Networks) > 0 {
		t.Fatalf("down leaves %v, %v", s.have.Containers, s.have.Networks)
	}
	return p
}
