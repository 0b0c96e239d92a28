package convergence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// TestInterruptedAnywhere ends an up and a down at a drawn engine call, by a
// kill or a cancellation, and runs it again, be the engine done with what it had
// been asked or not: it converges, and stays so; the data is still there,
// strangers never notice.
func TestInterruptedAnywhere(t *testing.T) {
	check(t, func(t *rapid.T) {
		w := newRandomEngine(t)
		defer w.Close()
		theirs := addStrangers(t, w.Engine)
		time.Sleep(time.Minute) // their health is settled
		before := linesOf(w.Snapshot(), theirs)
		first := generateProject(t, "demo")
		w.converge(first, up.UpOptions{})
		w.writeData(first)

		second := generateProject(t, "demo")
		opt := up.UpOptions{RemoveOrphans: true}
		for range rapid.IntRange(1, 3).Draw(t, "interruptions") {
			p, err := up.PlanUp(second, w.observe(second), opt)
			if err != nil {
				t.Fatal(err)
			}
			w.interrupt(p)
			if rapid.Bool().Draw(t, "a call of the killed run took effect late") {
				_ = w.DuplicateNetwork("demo_default") // there may be none yet
			}
		}
		w.converge(second, opt)
		w.complete(second)
		time.Sleep(longestStop)
		w.complete(second) // no stop of an earlier run comes back
		w.checkData(first, second)

		p, err := up.PlanDown(second, w.observe(second), up.DownOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.interrupt(p)
		if p, err = up.PlanDown(second, w.observe(second), up.DownOptions{Volumes: true}); err != nil {
			t.Fatal(err)
		}
		w.apply(p)
		w.empty(second)
		if got := linesOf(w.Snapshot(), theirs); got != before {
			t.Fatalf("strangers were touched:\n%s\nwas\n%s", got, before)
		}
	})
}

// interrupt applies the plan up to a drawn call, or to its end if it has fewer.
func (w *randomEngine) interrupt(p plan.Plan) {
	n := rapid.IntRange(1, 25).Draw(w.T, "interrupted at call")
	how := rapid.SampledFrom([]string{"killed before", "killed after", "canceled"}).Draw(w.T, "how")
	ctx, cancel := context.WithCancelCause(w.Context())
	defer cancel(nil)
	interrupted := errors.New("interrupted")
	if how == "canceled" {
		w.Inject(memengine.Fault{Changes: true, Nth: n, Do: func() { cancel(interrupted) }})
	} else {
		w.Kill(n, how == "killed after")
	}
	err := apply.Apply(ctx, p, w.Engine, nil, nil)
	if err != nil && !errors.Is(err, memengine.ErrKilled) && !errors.Is(err, interrupted) {
		w.Fatalf("apply: %v\nof the plan\n%s", err, p)
	}
	w.Heal()
	if rapid.Bool().Draw(w.T, "what the engine had begun ends first") {
		time.Sleep(longestStop)
	}
}

// longestStop is more than any stop of these projects takes.
const longestStop = 15 * time.Second

// writeData leaves a mark in every volume: the volume's own name if it has one,
// else the container's.
func (w *randomEngine) writeData(p *project.Project) {
	w.eachMount(p, func(c engine.Container, m engine.Mount) {
		err := w.ByHand().CopyTo(w.Context(), c.Ref, []engine.FileContent{{Path: m.Target + "/mark", Content: []byte(mark(c, m)), Mode: 0o644}})
		if err != nil {
			w.Fatal(err)
		}
	})
}

// checkData looks for the marks in every volume that both versions mount.
func (w *randomEngine) checkData(first, second *project.Project) {
	had := map[string]bool{}
	for _, s := range first.Services {
		for n := range s.Replicas {
			for _, target := range targets(s) {
				had[fmt.Sprint(s.Name, n+1, target)] = true
			}
		}
	}
	w.eachMount(second, func(c engine.Container, m engine.Mount) {
		s := second.Service(c.Service)
		if !had[fmt.Sprint(c.Service, c.Number, m.Target)] || !slices.Contains(targets(s), m.Target) {
			return
		}
		got, err := w.ReadFile(c.ID, m.Target+"/mark")
		if err != nil || string(got) != mark(c, m) {
			w.Fatalf("%s of %s: %q, %v; the data is lost\n%s", m.Target, c.Name, got, err, w.Snapshot())
		}
	})
}

func mark(c engine.Container, m engine.Mount) string {
	if len(m.Name) < 64 { // not anonymous
		return m.Name
	}
	return fmt.Sprint(c.Service, c.Number)
}

// targets are where the service declares volumes.
func targets(s *project.Service) []string {
	var ts []string
	for _, v := range s.Spec.Volumes {
		ts = append(ts, v.Target)
	}
	return ts
}

func (w *randomEngine) eachMount(p *project.Project, do func(engine.Container, engine.Mount)) {
	for _, c := range w.observe(p).Containers {
		for _, m := range c.Mounts {
			do(c, m)
		}
	}
}
