package memengine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

const image = "muster-test/busybox:1"

// harness is an engine with one image, and what makes containers on it.
type harness struct {
	t *testing.T
	*memengine.Engine
}

func newHarness(t *testing.T) *harness {
	e := memengine.New()
	t.Cleanup(e.Shutdown)
	e.AddImages(image)
	return &harness{t: t, Engine: e}
}

// add creates a container of a service with that command.
func (h *harness) add(name string, change func(*types.ServiceConfig), command ...string) engine.Ref {
	h.t.Helper()
	s := types.ServiceConfig{Name: name, Image: image, Command: command, NetworkMode: "none"}
	if change != nil {
		change(&s)
	}
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{name: s}}})
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := h.CreateContainer(h.t.Context(), engine.CreateSpec{
		Project: p, Service: p.Services[0], Name: name,
		Labels: map[string]string{project.LabelProject: "p", project.LabelService: name},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return engine.Ref{ID: r.ID, Name: name}
}

func (h *harness) start(ref engine.Ref) {
	h.t.Helper()
	if err := h.StartContainer(h.t.Context(), ref); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) inspect(ref engine.Ref) engine.Inspection {
	h.t.Helper()
	i, err := h.InspectContainer(h.t.Context(), ref)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

// record notes the actions of all events from now on.
func (h *harness) record() *[]string {
	var actions []string
	h.Tamper(func(ev engine.Event) []engine.Event {
		actions = append(actions, ev.Action)
		return []engine.Event{ev}
	})
	return &actions
}

func restart(policy string) func(*types.ServiceConfig) {
	return func(s *types.ServiceConfig) { s.Restart = policy }
}

func TestBackoffDoublesAndIsForgottenAfterAGoodRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		crash := memengine.Program{ExitAfter: time.Nanosecond, ExitCode: 1}
		good := memengine.Program{ExitAfter: 10 * time.Second, Then: &memengine.Program{ExitAfter: time.Hour}}
		third := crash
		third.Then = &good
		second := crash
		second.Then = &third
		h.Program("web", second)
		web := h.add("web", restart("always"))
		began := time.Now()
		h.start(web)
		var starts []time.Duration
		for n := 1; n <= 4; n++ {
			for h.Starts("web") < n {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			starts = append(starts, time.Since(began).Round(10*time.Millisecond))
		}
		want := []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 10400 * time.Millisecond}
		if !slices.Equal(starts, want) {
			t.Errorf("starts at %v, want %v", starts, want)
		}
		if got := h.inspect(web).RestartCount; got != 3 {
			t.Errorf("restart count = %d, want 3", got)
		}
	})
}

func TestOnFailureGivesUpAfterItsRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.Program("*", memengine.Program{ExitAfter: time.Nanosecond, ExitCode: 3})
		web := h.add("web", restart("on-failure:3"))
		h.start(web)
		time.Sleep(time.Hour)
		if got := h.inspect(web); got.State != engine.Exited || got.ExitCode != 3 || h.Starts("web") != 4 {
			t.Errorf("%s (%d) after %d starts, want exited (3) after 4", got.State, got.ExitCode, h.Starts("web"))
		}
	})
}

func TestStartFailureInARestartGivesUpSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.Program("web", memengine.Program{ExitAfter: time.Second, ExitCode: 1, Then: &memengine.Program{FailStart: "no such device"}})
		web := h.add("web", restart("always"))
		events := h.record()
		h.start(web)
		time.Sleep(time.Hour)
		if got := h.inspect(web); got.State != engine.Exited || got.Error != "no such device" {
			t.Errorf("state = %s (%s), want exited (no such device)", got.State, got.Error)
		}
		if want := []string{"start", "die"}; !slices.Equal(*events, want) {
			t.Errorf("events = %v, want %v", *events, want)
		}
	})
}

func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		name       string
		stopSignal string
		do         func(context.Context, *memengine.Engine, engine.Ref) error
		want       engine.State // after a later crash
		events     []string
	}{
		{"stop ends the restarts", "", func(ctx context.Context, e *memengine.Engine, c engine.Ref) error {
			return e.StopContainer(ctx, c, nil)
		}, engine.Exited, []string{"kill", "die", "stop"}},
		{"HUP ends them too without a stop signal", "", func(ctx context.Context, e *memengine.Engine, c engine.Ref) error {
			return e.KillContainer(ctx, c, "HUP")
		}, engine.Exited, []string{"kill", "die"}},
		{"HUP leaves them with one", "SIGTERM", func(ctx context.Context, e *memengine.Engine, c engine.Ref) error {
			return e.KillContainer(ctx, c, "HUP")
		}, engine.Restarting, []string{"kill", "die"}},
		{"restart begins anew", "", func(ctx context.Context, e *memengine.Engine, c engine.Ref) error {
			return e.RestartContainer(ctx, c, nil)
		}, engine.Restarting, []string{"kill", "die", "stop", "start", "restart", "die"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				web := h.add("web", func(s *types.ServiceConfig) { s.Restart, s.StopSignal = "always", tc.stopSignal })
				h.start(web)
				events := h.record()
				if err := tc.do(t.Context(), h.Engine, web); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if h.inspect(web).State == engine.Running {
					if err := h.Crash("web", 1); err != nil {
						t.Fatal(err)
					}
				}
				if got := h.inspect(web).State; got != tc.want {
					t.Errorf("state after a crash = %s, want %s", got, tc.want)
				}
				if !slices.Equal(*events, tc.events) {
					t.Errorf("events = %v, want %v", *events, tc.events)
				}
			})
		})
	}
}

func TestStopDuringBackoffIsAStopAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		web := h.add("web", restart("always"))
		h.start(web)
		if err := h.Crash("web", 1); err != nil {
			t.Fatal(err)
		}
		events := h.record()
		if err := h.StopContainer(t.Context(), web, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := h.inspect(web).State; got != engine.Exited || !slices.Equal(*events, []string{"stop"}) {
			t.Errorf("%s after %v, want exited after [stop]", got, *events)
		}
	})
}

func TestGraceEndsWithAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.Program("web", memengine.Program{IgnoreStop: true})
		web := h.add("web", nil)
		h.start(web)
		began, grace := time.Now(), 3*time.Second
		if err := h.StopContainer(t.Context(), web, &grace); err != nil {
			t.Fatal(err)
		}
		if got := h.inspect(web); time.Since(began) != grace || got.ExitCode != 137 {
			t.Errorf("exit code %d after %s, want 137 after %s", got.ExitCode, time.Since(began), grace)
		}
	})
}

func TestTrapKnowsTheEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, code := newHarness(t), "3"
		web := h.add("web", func(s *types.ServiceConfig) {
			s.Environment = types.MappingWithEquals{"CODE": &code}
		}, "sh", "-c", "exec; trap 'exit $CODE' TERM; sleep 1000")
		h.start(web)
		if err := h.StopContainer(t.Context(), web, nil); err != nil {
			t.Fatal(err)
		}
		if got := h.inspect(web).ExitCode; got != 3 {
			t.Errorf("exit code = %d, want 3", got)
		}
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		web := h.add("web", nil)
		lost := errors.New("answer lost")
		h.Inject(memengine.Fault{Method: "StartContainer", Target: "w*", Nth: 2, Err: lost, After: true})
		h.Inject(memengine.Fault{Method: "StopContainer", Err: lost})
		h.start(web)
		if err := h.StopContainer(t.Context(), web, nil); !errors.Is(err, lost) {
			t.Fatalf("stop = %v, want %v", err, lost)
		}
		if err := h.Crash("web", 0); err != nil {
			t.Fatal(err)
		}
		if err := h.StartContainer(t.Context(), web); !errors.Is(err, lost) {
			t.Fatalf("second start = %v, want %v", err, lost)
		}
		if got := h.inspect(web).State; got != engine.Running {
			t.Errorf("state = %s, want running: the call took effect", got)
		}
		want := []string{"CreateContainer web " + image, "StartContainer web", "StopContainer web", "StartContainer web"}
		if got := h.Mutations(); !slices.Equal(got, want) {
			t.Errorf("calls = %q, want %q", got, want)
		}
	})
}
