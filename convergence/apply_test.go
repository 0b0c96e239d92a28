package convergence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

const harnessImage = "muster-test/busybox:1"

// harness is an engine in memory and a project "p" whose plans are made by hand.
type harness struct {
	t *testing.T
	*memengine.Engine
	project *project.Project
	said    []engine.Progress
}

// newHarness makes a harness for services that run a Program or their command.
func newHarness(t *testing.T, services ...types.ServiceConfig) *harness {
	t.Helper()
	in := &types.Project{Name: "p", Services: types.Services{}}
	for _, s := range services {
		s.Image, s.NetworkMode = harnessImage, "none"
		in.Services[s.Name] = s
	}
	p, err := project.New(project.Input{Compose: in})
	if err != nil {
		t.Fatal(err)
	}
	e := memengine.New()
	t.Cleanup(e.Shutdown)
	e.AddImages(harnessImage)
	return &harness{t: t, Engine: e, project: p}
}

func service(name string, change ...func(*types.ServiceConfig)) types.ServiceConfig {
	s := types.ServiceConfig{Name: name}
	for _, c := range change {
		c(&s)
	}
	return s
}

// checkEvery gives a service a health check; what it answers is its Program's affair.
func checkEvery(interval time.Duration) func(*types.ServiceConfig) {
	d := types.Duration(interval)
	return func(s *types.ServiceConfig) {
		s.HealthCheck = &types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD", "check"}, Interval: &d}
	}
}

func name(service string) string { return "p-" + service + "-1" }

func (s *harness) create(service string, needs ...plan.StepID) plan.Step {
	svc := s.project.Service(service)
	return plan.Step{ID: plan.StepID(service + "/create"), Needs: needs, Action: plan.CreateContainer{
		Spec: engine.CreateSpec{
			Project: s.project, Service: svc, Name: name(service), Number: 1,
			Labels: map[string]string{project.LabelProject: "p", project.LabelService: service, project.LabelContainerNumber: "1"},
		},
	}}
}

func start(service string, needs ...plan.StepID) plan.Step {
	return plan.Step{ID: plan.StepID(service + "/start"), Needs: needs, Action: plan.StartContainer{
		Target: engine.Ref{Name: name(service)}, Service: service,
	}}
}

func await(service string, c plan.Condition, needs ...plan.StepID) plan.Step {
	return plan.Step{ID: plan.StepID(service + "/" + string(c)), Needs: needs, Action: plan.Await{
		Service: service, Condition: c, Targets: []engine.Ref{{Name: name(service)}},
	}}
}

// with changes the action of an await step.
func with(s plan.Step, change func(*plan.Await)) plan.Step {
	a := s.Action.(plan.Await)
	change(&a)
	s.Action = a
	return s
}

// up is the container of a service created and started.
func (s *harness) planUp(service string) []plan.Step {
	return []plan.Step{s.create(service), start(service, plan.StepID(service+"/create"))}
}

func (s *harness) apply(ctx context.Context, steps ...plan.Step) error {
	return s.applyWith(ctx, plan.Plan{Project: "p", Steps: steps}, apply.ApplyOptions{})
}

func (s *harness) applyWith(ctx context.Context, p plan.Plan, opt apply.ApplyOptions) error {
	opt.Report = func(p engine.Progress) { s.said = append(s.said, p) }
	return apply.ApplyWith(ctx, p, s.Engine, opt)
}

// lines are what plain progress output shows.
func (s *harness) lines() []string {
	var out []string
	for _, p := range s.said {
		if p.Text != "" {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", p.ID, p.Text, p.Details)))
		}
	}
	return out
}

func (s *harness) wantLines(want ...string) {
	s.t.Helper()
	if got := s.lines(); !slices.Equal(got, want) {
		s.t.Errorf("progress:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (s *harness) wantState(container string, want engine.State) {
	s.t.Helper()
	seen, err := s.ByHand().InspectContainer(s.t.Context(), engine.Ref{Name: container})
	if err != nil {
		s.t.Errorf("%s: %v", container, err)
	} else if seen.State != want {
		s.t.Errorf("%s is %s, want %s", container, seen.State, want)
	}
}

func TestApplyCreatesAndStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db"), service("web"))
		steps := append(s.planUp("db"), s.create("web", "db/create"), start("web", "db/start", "web/create"))
		if err := s.apply(t.Context(), steps...); err != nil {
			t.Fatal(err)
		}
		s.wantState("p-db-1", engine.Running)
		s.wantState("p-web-1", engine.Running)
		for _, c := range s.Calls() {
			if c.Method == "Watch" || strings.HasPrefix(c.Method, "List") && c.Method != "ListImages" {
				t.Errorf("a plan without waits called %s", c)
			}
		}
	})
}

func TestFailureStartsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db"), service("web"), service("slow"), service("late"))
		hold, begun := make(chan struct{}), make(chan struct{})
		s.Inject(memengine.Fault{Method: "CreateContainer", Target: "p-slow-1", BlockUntil: hold})
		s.Inject(memengine.Fault{Method: "StartContainer", Target: "p-db-1", BlockUntil: begun, Err: errors.New("start p-db-1: port is already allocated")})
		time.AfterFunc(time.Second/2, func() { close(begun) }) // by then the create has begun
		time.AfterFunc(time.Second, func() { close(hold) })
		steps := slices.Concat(s.planUp("db"), []plan.Step{
			s.create("web", "db/create"), start("web", "db/start", "web/create"),
			s.create("slow"), s.create("late", "slow/create"),
		})
		err := s.apply(t.Context(), steps...)
		var failed *apply.StepError
		if !errors.As(err, &failed) || failed.Step != "db/start" || failed.Service != "db" {
			t.Fatalf("error = %v, want that of db/start", err)
		}
		s.wantState("p-slow-1", engine.Created) // what ran has finished
		if _, err := s.ByHand().InspectContainer(t.Context(), engine.Ref{Name: "p-late-1"}); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("late was created after the failure")
		}
		lines := s.lines()
		for _, want := range []string{
			"Container p-db-1 Error start p-db-1: port is already allocated",
			"Container p-web-1 Skipped because db/start failed",
			"Container p-late-1 Skipped because db/start failed",
		} {
			if !slices.Contains(lines, want) {
				t.Errorf("%q is missing in %q", want, lines)
			}
		}
	})
}

func TestKeepGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"), service("b"))
		if err := s.apply(t.Context(), slices.Concat(s.planUp("a"), s.planUp("b"))...); err != nil {
			t.Fatal(err)
		}
		s.said = nil
		s.Inject(memengine.Fault{Method: "StopContainer", Target: "p-a-1", Err: errors.New("stop p-a-1: boom")})
		down := func(service string) []plan.Step {
			c := engine.Ref{Name: name(service)}
			stop := plan.StepID(service + "/stop")
			return []plan.Step{
				{ID: stop, Action: plan.StopContainer{Target: c}},
				{ID: plan.StepID(service + "/remove"), Needs: []plan.StepID{stop}, Action: plan.RemoveContainer{Target: c}},
			}
		}
		err := s.applyWith(t.Context(), plan.Plan{Project: "p", KeepGoing: true, Steps: slices.Concat(down("a"), down("b"))}, apply.ApplyOptions{})
		if err == nil || !strings.Contains(err.Error(), "boom") {
			t.Fatalf("error = %v, want boom", err)
		}
		slices.SortStableFunc(s.said, func(a, b engine.Progress) int { return strings.Compare(a.ID, b.ID) })
		s.wantLines(
			"Container p-a-1 Stopping",
			"Container p-a-1 Error while Stopping stop p-a-1: boom",
			"Container p-b-1 Stopping",
			"Container p-b-1 Stopped",
			"Container p-b-1 Removing",
			"Container p-b-1 Removed",
		)
	})
}

// recreate replaces a service's running container.
func (s *harness) recreate(service string) []plan.Step {
	seen, err := s.ByHand().InspectContainer(s.t.Context(), engine.Ref{Name: name(service)})
	if err != nil {
		s.t.Fatal(err)
	}
	old, temp := seen.Ref, project.TemporaryName(seen.ID, name(service))
	id := func(what string) plan.StepID { return plan.StepID(service + "/" + what) }
	make := s.create(service)
	create := make.Action.(plan.CreateContainer)
	create.Spec.Name, create.Replaces = temp, old
	make.Action = create
	begin := start(service, id("stop"))
	begin.Action = plan.StartContainer{Target: engine.Ref{Name: temp}, Service: service}
	begin.Finish = true
	begin.OnFailure = []plan.Action{
		plan.RemoveContainer{Target: engine.Ref{Name: temp}}, plan.StartContainer{Target: old, Service: service},
	}
	return []plan.Step{
		make,
		{ID: id("stop"), Needs: []plan.StepID{id("create")}, Action: plan.StopContainer{Target: old}},
		begin,
		{ID: id("remove"), Needs: []plan.StepID{id("start")}, Action: plan.RemoveContainer{Target: old}, Finish: true},
		{ID: id("rename"), Needs: []plan.StepID{id("remove")}, Action: plan.RenameContainer{Target: engine.Ref{Name: temp}, Name: name(service)}, Finish: true},
	}
}

func TestRecreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("web"))
		if err := s.apply(t.Context(), s.planUp("web")...); err != nil {
			t.Fatal(err)
		}
		s.said = nil
		if err := s.apply(t.Context(), s.recreate("web")...); err != nil {
			t.Fatal(err)
		}
		s.wantState("p-web-1", engine.Running)
		s.wantLines(
			"Container p-web-1 Recreate",
			"Container p-web-1 Starting",
			"Container p-web-1 Started",
			"Container p-web-1 Recreated",
		)
		done := map[plan.StepID]bool{}
		for _, p := range s.said {
			if p.Phase == engine.Done {
				done[plan.StepID(p.Step)] = true
			}
			if p.ID != "Container p-web-1" {
				t.Errorf("progress of %q, want the final name", p.ID)
			}
		}
		if len(done) != 5 {
			t.Errorf("%d steps are reported as done, want 5", len(done))
		}
	})
}

func TestRecreateThatFailsPutsTheOldOneBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("web"))
		s.Program("web", memengine.Program{})
		if err := s.apply(t.Context(), s.planUp("web")...); err != nil {
			t.Fatal(err)
		}
		steps := s.recreate("web")
		temp := steps[0].Action.(plan.CreateContainer).Spec.Name
		s.Program(temp, memengine.Program{FailStart: "exec: no such file"})
		s.said = nil
		err := s.apply(t.Context(), steps...)
		if err == nil || !strings.Contains(err.Error(), "the previous container p-web-1 was put back") {
			t.Fatalf("error = %v, want it to say that the old one was put back", err)
		}
		s.wantState("p-web-1", engine.Running)
		if got := s.Snapshot(); strings.Contains(got, temp) {
			t.Errorf("the successor is still there:\n%s", got)
		}
		s.wantLines(
			"Container p-web-1 Recreate",
			"Container p-web-1 Starting",
			"Container p-web-1 Starting",
			"Container p-web-1 Started",
			"Container p-web-1 Error exec: no such file; the previous container p-web-1 was put back",
		)
	})
}

func TestCancelledRecreateIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("web"), service("other"))
		s.Program("web", memengine.Program{StopAfter: 5 * time.Second})
		if err := s.apply(t.Context(), s.planUp("web")...); err != nil {
			t.Fatal(err)
		}
		reason := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		err := s.apply(ctx, append(s.recreate("web"), s.create("other", "web/stop"))...)
		if !errors.Is(err, reason) {
			t.Fatalf("error = %v, want the cause of the cancellation", err)
		}
		s.wantState("p-web-1", engine.Running)
		if got := s.Snapshot(); strings.Count(got, "container ") != 1 {
			t.Errorf("want nothing but the successor:\n%s", got)
		}
	})
}

// A successor that is made when the operation is cancelled, or when something
// else fails, is of no use: it goes, and the old container stays as it is.
func TestUnusedSuccessorIsRemoved(t *testing.T) {
	for _, tc := range []struct {
		name  string
		cause error // of the cancellation; nil lets another step fail instead
	}{
		{"cancelled", errors.New("interrupted")},
		{"another step failed", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHarness(t, service("web"), service("other"))
				if err := s.apply(t.Context(), s.planUp("web")...); err != nil {
					t.Fatal(err)
				}
				steps := s.recreate("web")
				steps[1].OnFailure = steps[2].OnFailure[:1]
				temp := steps[0].Action.(plan.CreateContainer).Spec.Name
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tc.cause != nil {
					s.Inject(memengine.Fault{Method: "CreateContainer", Target: temp, Do: func() { cancel(tc.cause) }})
				} else {
					s.Inject(memengine.Fault{Method: "CreateContainer", Target: temp, Delay: time.Second})
					s.Program("other", memengine.Program{FailStart: "exec: no such file"})
					steps = append(steps, s.planUp("other")...)
				}
				if err := s.apply(ctx, steps...); err == nil || tc.cause != nil && !errors.Is(err, tc.cause) {
					t.Fatalf("error = %v, want %v", err, tc.cause)
				}
				s.wantState("p-web-1", engine.Running)
				if got := s.Snapshot(); strings.Contains(got, temp) {
					t.Errorf("the successor is still there:\n%s", got)
				}
			})
		})
	}
}

func TestCancellationLetsCallsFinishForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("quick"), service("stuck"))
		s.Inject(memengine.Fault{Method: "CreateContainer", Target: "p-quick-1", Delay: 3 * time.Second})
		s.Inject(memengine.Fault{Method: "CreateContainer", Target: "p-stuck-1", Delay: time.Hour})
		reason := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		began := time.Now()
		err := s.apply(ctx, slices.Concat(s.planUp("quick"), s.planUp("stuck"))...)
		if !errors.Is(err, reason) || err.Error() != reason.Error() {
			t.Errorf("error = %v, want just the cause", err)
		}
		if took := time.Since(began); took != time.Minute+time.Second {
			t.Errorf("gave up after %s, want 1m1s", took)
		}
		s.wantState("p-quick-1", engine.Created)
	})
}

func TestInUseIsAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a"))
		s.Inject(memengine.Fault{Method: "RemoveNetwork", Err: fmt.Errorf("remove: %w", engine.ErrConflict)})
		err := s.apply(t.Context(), plan.Step{ID: "network x/remove", Action: plan.RemoveNetwork{ID: "1", Name: "p_x"}})
		if err != nil {
			t.Fatal(err)
		}
		s.wantLines("Network p_x Removing", "Network p_x Resource is still in use")
	})
}

func TestStopsDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var services []types.ServiceConfig
		var up, down []plan.Step
		for i := range 10 {
			services = append(services, service(fmt.Sprintf("s%d", i)))
		}
		s := newHarness(t, services...)
		s.Program("*", memengine.Program{IgnoreStop: true})
		for _, svc := range services {
			up = append(up, s.planUp(svc.Name)...)
			down = append(down, plan.Step{
				ID: plan.StepID(svc.Name + "/stop"), Action: plan.StopContainer{Target: engine.Ref{Name: name(svc.Name)}},
			})
		}
		if err := s.apply(t.Context(), up...); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.applyWith(t.Context(), plan.Plan{Project: "p", Steps: down}, apply.ApplyOptions{Limit: 2}); err != nil {
			t.Fatal(err)
		}
		// Five pairs, a second apart, ten seconds each: not five times ten.
		if took := time.Since(began); took != 14*time.Second {
			t.Errorf("ten stops of ten seconds took %s, want 14s", took)
		}
	})
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("web"))
		hook := plan.RunHook{
			Target: engine.Ref{Name: "p-web-1"}, Service: "web", Kind: "post_start",
			Hook: project.Hook{Command: []string{"sh", "-c", "echo no such table; false"}},
		}
		err := s.apply(t.Context(), append(s.planUp("web"), plan.Step{ID: "web/post_start-0", Needs: []plan.StepID{"web/start"}, Action: hook})...)
		want := "service web: run post_start[0] in p-web-1: web hook exited with status 1: no such table"
		if err == nil || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	})
}
