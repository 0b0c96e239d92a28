package operation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// harness is an engine in memory with a runner on it, and a record of all that
// happens, in its order.
type harness struct {
	*memengine.Engine
	runner Runner
	want   *project.Project
	found  []engine.Finding
	log    []string
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{
		"web": {Name: "web", Image: "app", Ports: []types.ServicePortConfig{{Target: 80, Published: "80", Protocol: "tcp"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{Engine: memengine.New(), want: want}
	t.Cleanup(h.Shutdown)
	say := func(text string) { h.log = append(h.log, text) }
	h.runner = Runner{
		Engine: h, Reporter: h, Inform: say, Warn: say, Acknowledge: func(context.Context) func() { return func() {} },
		Place: func(project, _ string) lock.Options {
			return lock.Options{Project: project, Folders: []lock.Folder{{Path: t.TempDir()}}}
		},
		Acquire: func(context.Context, lock.Options) (func(), error) {
			say("lock")
			return func() { say("unlock") }, nil
		},
		Held:  func() *lock.Lock { return nil },
		Model: func(string) func(context.Context, plan.PrepareModel, func(string)) error { return nil },
		Provider: func(context.Context, plan.RunProvider, func(string)) (map[string]string, error) {
			return map[string]string{"URL": "new"}, nil
		},
	}
	return h
}

// The harness says what its engine cannot do, and is told of the progress.

func (h *harness) Check(context.Context, *project.Project) ([]engine.Finding, error) {
	h.log = append(h.log, "check")
	return h.found, nil
}

func (h *harness) Begin(string, plan.Plan) {}
func (h *harness) Report(engine.Progress)  {}
func (h *harness) Info(text string)        { h.log = append(h.log, text) }
func (h *harness) End()                    {}

// operation makes a volume, having asked and told.
func (h *harness) operation() Operation {
	note := func(text string) { h.log = append(h.log, text) }
	return Operation{
		Name: "up", Project: "p", Want: h.want, Conflicts: true,
		Plan: func(engine.Observed, Known) (plan.Plan, error) {
			note("plan")
			return h.making("data"), nil
		},
		Question: func(plan.Plan) string { return "sure?" },
		Ask:      func(string) (bool, error) { note("ask"); return true, nil },
		Begin:    func(context.Context, engine.Observed, plan.Plan) error { note("begin"); return nil },
	}
}

func (h *harness) making(volume string) plan.Plan {
	return plan.Plan{Project: "p", Steps: []plan.Step{{ID: "1", Action: plan.CreateVolume{Volume: &project.Volume{Name: volume}}}}}
}

// TestNothingChangesBeforeBegin: an operation changes nothing before it begins, and
// begins only when nothing refuses any more. A command in the foreground attaches
// in Begin and has no other way to change anything than Run: so it cannot refuse
// after it changed something, nor refuse less than the others.
func TestNothingChangesBeforeBegin(t *testing.T) {
	no := errors.New("no")
	for name, c := range map[string]struct {
		refuse func(h *harness, op *Operation)
		want   string // what came before
	}{
		"the lock": {func(h *harness, _ *Operation) {
			h.runner.Acquire = func(context.Context, lock.Options) (func(), error) { return nil, no }
		}, ""},
		"the engine":             {func(h *harness, _ *Operation) { h.found = []engine.Finding{{Text: "no", Refuses: true}} }, "lock check unlock"},
		"an engine out of reach": {func(h *harness, _ *Operation) { h.Inject(memengine.Fault{Method: "ListVolumes", Err: no}) }, "lock unlock"},
		"the planner": {func(_ *harness, op *Operation) {
			op.Plan = func(engine.Observed, Known) (plan.Plan, error) { return plan.Plan{}, no }
		}, "lock check unlock"},
		"whoever is asked": {func(_ *harness, op *Operation) { op.Ask = func(string) (bool, error) { return false, no } }, "lock check plan unlock"},
		"what is in the way": {func(h *harness, op *Operation) {
			if _, err := h.CreateContainer(t.Context(), engine.CreateSpec{
				Project: &project.Project{Name: "others"}, Service: &project.Service{Name: "x", Image: "app"}, Name: "taken",
			}); err != nil {
				t.Fatal(err)
			}
			h.ForgetCalls()
			op.Plan = func(engine.Observed, Known) (plan.Plan, error) {
				return plan.Plan{Project: "p", Steps: []plan.Step{{ID: "1", Action: plan.CreateContainer{Spec: engine.CreateSpec{
					Project: h.want, Service: h.want.Service("web"), Name: "taken",
				}}}}}, nil
			}
		}, "lock check ask unlock"},
		"whoever begins": {func(_ *harness, op *Operation) {
			op.Begin = func(context.Context, engine.Observed, plan.Plan) error { return no }
		}, "lock check plan ask plan unlock"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.AddImages("app")
			op := h.operation()
			c.refuse(h, &op)
			err := h.runner.Run(t.Context(), op)
			if got := strings.Join(h.log, " "); err == nil || len(h.Mutations()) > 0 || got != c.want {
				t.Errorf("refused with %v after %q, having changed %q; want %q before", err, got, h.Mutations(), c.want)
			}
		})
	}
	h := newHarness(t)
	err := h.runner.Run(t.Context(), h.operation())
	if got := strings.Join(h.log, " "); err != nil || len(h.Mutations()) != 1 || got != "lock check plan ask plan begin unlock" {
		t.Errorf("if nothing refuses: %v after %q, having changed %q", err, got, h.Mutations())
	}
}

// TestQuestions: people are asked once, between plan and apply. Their answer holds
// for whatever plan asks the same, and for no plan that asks for more; without
// their consent the plan without it is done.
func TestQuestions(t *testing.T) {
	for name, c := range map[string]struct {
		answer bool
		losses []string // what the plans ask to lose, one after the other
		asked  string
		agreed []bool // with which the plans that are done were made
	}{
		"nothing to ask":       {true, []string{"", ""}, "", []bool{false, false}},
		"once for all plans":   {true, []string{"a", "a", "a"}, "a", []bool{true, true, true}},
		"no, once for all":     {false, []string{"a", "a"}, "a", []bool{false, false}},
		"more than agreed to":  {true, []string{"a", "a and b"}, "a; a and b", []bool{true, true}},
		"it turns up later on": {true, []string{"", "a"}, "a", []bool{false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			var loss string
			a := &attempt{agreed: map[string]bool{}, op: Operation{
				Plan: func(_ engine.Observed, known Known) (plan.Plan, error) {
					if known.Agreed || loss == "" {
						return plan.Plan{Provisional: known.Agreed}, nil
					}
					return plan.Plan{Diverged: []string{loss}}, nil
				},
				Question: func(p plan.Plan) string { return strings.Join(p.Diverged, "") },
				Ask:      func(q string) (bool, error) { asked = append(asked, q); return c.answer, nil },
			}}
			var agreed []bool
			for _, loss = range c.losses {
				p, err := a.decide(engine.Observed{})
				if err != nil {
					t.Fatal(err)
				}
				agreed = append(agreed, p.Provisional)
			}
			if got := strings.Join(asked, "; "); got != c.asked || !slices.Equal(agreed, c.agreed) {
				t.Errorf("asked %q and agreed %v, want %q and %v", got, agreed, c.asked, c.agreed)
			}
		})
	}
}

// TestPlanOnly: a plan that is only shown locks nobody out, asks nobody and
// changes nothing, and what the engine refuses it refuses too.
func TestPlanOnly(t *testing.T) {
	h := newHarness(t)
	p, err := h.runner.Plan(t.Context(), h.operation())
	if err != nil || len(p.Steps) != 1 || len(h.Mutations()) > 0 || strings.Join(h.log, " ") != "check plan" {
		t.Errorf("the plan is %v, %v, after %q, having changed %q", p.Steps, err, h.log, h.Mutations())
	}
	h.found = []engine.Finding{{Text: "too old", Refuses: true}}
	if _, err := h.runner.Plan(t.Context(), h.operation()); err == nil || err.Error() != "too old" {
		t.Errorf("the engine refuses with %v", err)
	}
}

// TestAgain: what comes to light while a plan is applied makes the next one, of a
// new observation: images that came, variables that providers set, and an engine
// that is another than observed. The lock is held, and the question asked, once.
func TestAgain(t *testing.T) {
	h := newHarness(t)
	var known []Known
	op := h.operation()
	op.Conflicts, op.Replans = false, true
	op.Plan = func(have engine.Observed, k Known) (plan.Plan, error) {
		if !k.Agreed {
			return plan.Plan{}, nil
		}
		known = append(known, k)
		switch {
		case len(known) == 1:
			return h.making("late"), nil
		case k.Outdated != nil:
			return h.making("after"), nil
		case k.Images:
			return plan.Plan{Project: "p", Steps: []plan.Step{{ID: "1", Action: plan.RunProvider{
				Project: h.want, Service: &project.Service{Name: "db", Provider: true}, Verb: "up", Given: []plan.Given{{Service: "web", Digest: "old"}},
			}}}}, nil
		}
		p := h.making("before")
		p.Provisional = true
		return p, nil
	}
	h.Inject(memengine.Fault{Method: "CreateVolume", Target: "late", Err: engine.ErrStale})
	if err := h.runner.Run(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	want := []Known{
		{Agreed: true}, {Agreed: true}, {Agreed: true, Images: true},
		{Agreed: true, Images: true, Provided: map[string]map[string]string{"db": {"URL": "new"}}, Outdated: []string{"web"}},
	}
	if len(known) != len(want) {
		t.Fatalf("planned with %+v, want %+v", known, want)
	}
	for i, k := range known {
		if k.Images != want[i].Images || !slices.Equal(k.Outdated, want[i].Outdated) || len(k.Provided) != len(want[i].Provided) {
			t.Errorf("plan %d was made with %+v, want %+v", i, k, want[i])
		}
	}
	log := strings.Join(h.log, " ")
	if strings.Count(log, "ask") != 1 || strings.Count(log, "lock") != 2 || strings.Count(log, "retrying") != 1 {
		t.Errorf("it went %q", h.log)
	}
}
