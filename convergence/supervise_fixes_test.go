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

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// checked is a service with a health check that is probed every second.
func checked(s types.ServiceConfig) types.ServiceConfig {
	interval, retries := types.Duration(time.Second), uint64(1)
	s.HealthCheck = &types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD", "probe"}, Interval: &interval, Retries: &retries}
	return s
}

// delayed is a service whose restarts only the supervisor can make.
func delayed(d time.Duration) types.ServiceConfig {
	delay := types.Duration(d)
	return deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})
}

func following(s types.ServiceConfig, names ...string) types.ServiceConfig {
	s = needs(s, names...)
	for n, d := range s.DependsOn {
		d.Restart = true
		s.DependsOn[n] = d
	}
	return s
}

func (w *watched) crash(name string, code int) {
	w.t.Helper()
	if err := w.eng.Crash(name, code); err != nil {
		w.t.Fatal(err)
	}
}

// count is how many calls of the method the engine received for the container.
func (w *watched) count(method, name string) int {
	n := 0
	for _, c := range w.eng.Calls() {
		if c.Method == method && c.Target == name {
			n++
		}
	}
	return n
}

func (w *watched) supervision(name string) supervise.Supervision {
	w.t.Helper()
	all, err := w.sup.Status(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s supervise.Supervision) bool { return s.Container.Name == name })
	if i < 0 {
		w.t.Fatalf("%s is not supervised: %v", name, all)
	}
	return all[i]
}

func (w *watched) alertsAre(want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Join(w.alerts, ",") != strings.Join(want, ",") {
		w.t.Errorf("alerts = %v, want %v", w.alerts, want)
	}
}

// TestSuperviseFailedRestart: a restart that stops the container and cannot
// start it again leaves it to the policy, not down.
func TestSuperviseFailedRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := memengine.Program{}
		w := watch(t, types.Services{"web": checked(restart("always"))}, map[string]project.Extension{"web": {OnUnhealthy: "restart"}},
			map[string]memengine.Program{"web": {UnhealthyAfter: time.Second, Then: &memengine.Program{FailStart: "no space left on device", Then: &well}}})
		defer w.close()
		w.after(30 * time.Second)
		w.isState("p-web-1", engine.Running)
		w.alertsAre("p-web-1 unhealthy", "p-web-1 recovered")
	})
}

// TestSuperviseRefusedRestart: an engine that refuses a restart, a stop or an
// update is asked again with backoff, never in a tight loop.
func TestSuperviseRefusedRestart(t *testing.T) {
	for method, ext := range map[string]project.Extension{
		"RestartContainer": {OnUnhealthy: "restart"}, "StopContainer": {OnUnhealthy: "stop"},
	} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{"web": checked(restart("always"))}, map[string]project.Extension{"web": ext},
					map[string]memengine.Program{"web": {UnhealthyAfter: time.Second, Then: &memengine.Program{}}})
				defer w.close()
				w.eng.Inject(memengine.Fault{Method: method, Err: errors.New("internal error")})
				w.after(2 * time.Minute)
				if n := w.count(method, "p-web-1"); n < 2 || n > 10 {
					t.Errorf("%d calls in two minutes, want a few", n)
				}
			})
		})
	}
}

// TestSuperviseSilentGiveUp: an engine that gives up without an event is found
// out by the look that was due, not by the next resync only.
func TestSuperviseSilentGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := memengine.Program{}
		w := watch(t, types.Services{"web": restart("always")}, nil, map[string]memengine.Program{
			"web": {Then: &memengine.Program{FailStart: "no space left on device", Then: &well}},
		})
		defer w.close()
		w.end()
		w.options.Resync = time.Hour
		w.run()
		w.crash("p-web-1", 1)
		w.after(15 * time.Second)
		w.isState("p-web-1", engine.Running)
	})
}

// slowList answers a list late, with what was true when it was asked.
type slowList struct {
	*memengine.Engine
	delay time.Duration
}

func (s *slowList) ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error) {
	all, err := s.Engine.ListContainers(ctx, f)
	time.Sleep(s.delay)
	return all, err
}

// TestSuperviseStaleList: a list from before a container was made does not make
// the supervisor forget what it knows of it.
func TestSuperviseStaleList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": delayed(40 * time.Second)}, nil, nil)
		defer w.close()
		w.end()
		if err := w.eng.ByHand().RemoveContainer(context.Background(), engine.Ref{Name: "p-web-1"}, false); err != nil {
			t.Fatal(err)
		}
		w.engine = &slowList{w.eng, 15 * time.Second}
		w.options.Resync = 20 * time.Second // lists at about 32, answers at about 47
		w.run()
		w.after(34 * time.Second)
		w.create(w.want.Service("web"), 1)
		w.after(time.Second)
		w.crash("p-web-1", 1)
		w.after(15 * time.Second)
		if s := w.supervision("p-web-1"); s.Decision.Action != restartpolicy.Start || s.Next > 38*time.Second {
			t.Errorf("the restart was planned anew: %+v", s)
		}
	})
}

// TestSuperviseFailedLook: an inspection that fails is made again soon.
func TestSuperviseFailedLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": delayed(time.Second)}, nil, nil)
		defer w.close()
		w.eng.Inject(memengine.Fault{Method: "InspectContainer", Err: errors.New("internal error")})
		w.crash("p-web-1", 1)
		w.after(2500 * time.Millisecond)
		w.isState("p-web-1", engine.Exited)
		w.eng.Heal()
		w.after(3 * time.Second)
		w.isState("p-web-1", engine.Running)
	})
}

// TestSuperviseBrake: a braked crash loop is restarted at the cap and its
// restarts go back to the engine when it is over, when a user stops it, and
// when the supervisor ends.
func TestSuperviseBrake(t *testing.T) {
	for _, tc := range []struct {
		name string
		then func(*watched)
	}{
		{"over", func(w *watched) {
			w.eng.Program("web", memengine.Program{})
			w.after(40 * time.Minute)
			w.isState("p-web-1", engine.Running)
			w.alertsAre("p-web-1 crash_loop", "p-web-1 recovered")
		}},
		{"stopped by a user", func(w *watched) {
			w.eng.Program("web", memengine.Program{})
			w.after(90 * time.Second)
			if err := w.eng.ByHand().StopContainer(w.ctx, engine.Ref{Name: "p-web-1"}, nil); err != nil {
				w.t.Fatal(err)
			}
			w.after(5 * time.Minute)
			w.isState("p-web-1", engine.Exited)
		}},
		{"the supervisor ends", func(w *watched) {
			w.eng.Program("web", memengine.Program{})
			w.after(90 * time.Second)
			if got := w.state("p-web-1").RestartPolicy; got != "no" {
				w.t.Errorf("policy = %s before the end, want it held", got)
			}
			w.end()
			w.run()
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{"web": restart("always")}, map[string]project.Extension{"web": {CrashLoop: "brake"}},
					map[string]memengine.Program{"web": {ExitAfter: time.Second, ExitCode: 1}})
				defer w.close()
				w.after(20 * time.Minute)
				if got := w.state("p-web-1").RestartPolicy; got != "no" {
					t.Fatalf("policy = %s, want a brake", got)
				}
				if n := w.eng.Starts("p-web-1"); n > 30 { // the engine alone: one a minute as well, but from 11 s runs on ten a second
					t.Errorf("%d starts in 20 minutes under a brake", n)
				}
				updates := w.count("SetRestartPolicy", "p-web-1")
				w.after(5 * time.Minute)
				if n := w.count("SetRestartPolicy", "p-web-1"); n != updates {
					t.Errorf("the brake was set %d times more while it was on", n-updates)
				}
				tc.then(w)
				if got := w.state("p-web-1").RestartPolicy; got != "always" {
					t.Errorf("policy = %s in the end, want the declared one", got)
				}
			})
		})
	}
}

// TestSuperviseForeignLabels: of a container that another tool made, the engine's
// own policy is the declared one, and it is not mistaken for one that is held.
func TestSuperviseForeignLabels(t *testing.T) {
	for _, tc := range []struct {
		name, engine string
		service      types.ServiceConfig
		current      bool // the container is what the file describes
		running      bool // in the end
		starts       int
	}{
		{"the engine restarts it", "always", delayed(10 * time.Second), true, true, 2},
		{"the file says no more than the engine", "no", restart("no"), true, false, 1},
		{"the engine was not told", "no", restart("always"), true, true, 2},
		{"the file has changed since", "no", restart("always"), false, false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{}, nil, nil)
				defer w.close()
				w.end()
				s := tc.service
				s.Name, s.Image, s.NetworkMode = "web", testImage, "none"
				want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
				if err != nil {
					t.Fatal(err)
				}
				w.want = want
				hash := string(want.Services[0].Hash)
				if !tc.current {
					hash = "other"
				}
				ctx, hand := context.Background(), w.eng.ByHand()
				if _, err := hand.CreateContainer(ctx, engine.CreateSpec{
					Project: want, Service: want.Services[0], Name: "p-web-1", Number: 1, RestartPolicy: tc.engine,
					Labels: map[string]string{
						project.LabelProject: "p", project.LabelService: "web", project.LabelOneOff: "False",
						project.LabelContainerNumber: "1", project.LabelConfigHash: hash,
					},
				}); err != nil {
					t.Fatal(err)
				}
				if err := hand.StartContainer(ctx, engine.Ref{Name: "p-web-1"}); err != nil {
					t.Fatal(err)
				}
				w.run()
				w.after(20 * time.Second)
				w.crash("p-web-1", 1)
				w.after(2 * time.Minute)
				if running := w.state("p-web-1").State == engine.Running; running != tc.running || w.eng.Starts("p-web-1") != tc.starts {
					t.Errorf("running: %v after %d starts, want %v after %d", running, w.eng.Starts("p-web-1"), tc.running, tc.starts)
				}
				if got := w.state("p-web-1").RestartPolicy; got != tc.engine {
					t.Errorf("the engine's policy became %s", got)
				}
			})
		})
	}
}

// TestSuperviseCascade: dependents follow once, in order, if asked for.
func TestSuperviseCascade(t *testing.T) {
	for _, tc := range []struct {
		cascade string
		want    []string
	}{{"always", []string{"RestartContainer p-api-1", "RestartContainer p-web-1"}}, {"", nil}} {
		t.Run(tc.cascade, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := project.Extension{Cascade: tc.cascade}
				w := watch(t, types.Services{
					"db": restart("always"), "api": following(restart("always"), "db"), "web": following(restart("always"), "db", "api"),
				}, map[string]project.Extension{"db": x, "api": x, "web": x}, nil)
				defer w.close()
				w.after(time.Second)
				w.crash("p-db-1", 1)
				w.after(3 * time.Minute)
				if got := w.eng.Mutations(); !slices.Equal(got, tc.want) {
					t.Errorf("calls = %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// TestSuperviseNamespace: what shares a namespace is restarted with its host,
// once, also if no event told of it; and not if only an operation could help.
func TestSuperviseNamespace(t *testing.T) {
	guest := restart("always")
	guest.DependsOn = types.DependsOnConfig{"vpn": {Condition: "service_started", Required: true, Restart: true}}
	build := func(t *testing.T) *watched {
		guest.NetworkMode = "service:vpn"
		return watch(t, types.Services{"vpn": restart("always"), "app": guest}, nil, nil)
	}
	t.Run("told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := build(t)
			defer w.close()
			w.after(time.Second)
			w.crash("p-vpn-1", 1)
			w.after(3 * time.Minute)
			if got := w.eng.Mutations(); !slices.Equal(got, []string{"RestartContainer p-app-1"}) {
				t.Errorf("calls = %q, want one restart", got)
			}
		})
	})
	t.Run("not told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := build(t)
			defer w.close()
			w.after(time.Second)
			w.eng.Tamper(func(engine.Event) []engine.Event { return nil })
			w.crash("p-vpn-1", 1)
			w.after(40 * time.Second)
			if got := w.eng.Mutations(); !slices.Equal(got, []string{"RestartContainer p-app-1"}) {
				t.Errorf("calls = %q, want one restart", got)
			}
		})
	})
	t.Run("host replaced", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := build(t)
			defer w.close()
			w.after(time.Second)
			if err := w.eng.ByHand().RemoveContainer(w.ctx, engine.Ref{Name: "p-vpn-1"}, false); err != nil {
				t.Fatal(err)
			}
			w.create(w.want.Service("vpn"), 1)
			w.after(5 * time.Minute)
			if got := w.eng.Mutations(); len(got) > 0 {
				t.Errorf("calls = %q: the guest cannot be started again", got)
			}
		})
	})
}

// TestSuperviseAlertsOnce: each trouble is told once, and its end.
func TestSuperviseAlertsOnce(t *testing.T) {
	t.Run("crash loop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := watch(t, types.Services{"web": restart("always")}, nil, map[string]memengine.Program{"web": {ExitAfter: 11 * time.Second, ExitCode: 1}})
			defer w.close()
			w.after(10 * time.Minute)
			w.alertsAre("p-web-1 crash_loop")
			if s := w.supervision("p-web-1"); !s.CrashLoop || s.Restarts < 20 {
				t.Errorf("supervision = %+v, want a crash loop that goes on at the engine's pace", s)
			}
			w.eng.Program("web", memengine.Program{})
			w.after(time.Hour + 30*time.Minute)
			w.alertsAre("p-web-1 crash_loop", "p-web-1 recovered")
		})
	})
	t.Run("never heals", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := watch(t, types.Services{"web": checked(restart("always"))}, map[string]project.Extension{"web": {OnUnhealthy: "restart"}},
				map[string]memengine.Program{"web": {HealthyAfter: time.Hour}})
			defer w.close()
			w.after(20 * time.Minute)
			w.alertsAre("p-web-1 unhealthy", "p-web-1 crash_loop")
			if n := w.count("RestartContainer", "p-web-1"); n < 10 || n > 40 {
				t.Errorf("%d restarts in 20 minutes, want backoff up to a minute", n)
			}
		})
	})
	t.Run("gave up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := watch(t, types.Services{"web": restart("always")}, map[string]project.Extension{"web": {CrashLoop: "giveup"}},
				map[string]memengine.Program{"web": {ExitAfter: time.Second, ExitCode: 1}})
			defer w.close()
			w.after(10 * time.Minute)
			w.alertsAre("p-web-1 crash_loop", "p-web-1 gave_up")
			w.isState("p-web-1", engine.Exited)
			if s := w.supervision("p-web-1"); s.Decision.Action != restartpolicy.GiveUp || s.Decision.Reason != restartpolicy.ReasonCrashLoop {
				t.Errorf("decision = %v, want that it gave up for the crash loop", s.Decision)
			}
			w.eng.Program("web", memengine.Program{})
			if err := w.eng.ByHand().StartContainer(w.ctx, engine.Ref{Name: "p-web-1"}); err != nil {
				t.Fatal(err)
			}
			w.after(time.Minute)
			w.alertsAre("p-web-1 crash_loop", "p-web-1 gave_up", "p-web-1 recovered")
		})
	})
}

// TestSuperviseLockedOut: what a command did while the supervisor waited for the
// project is taken into account, also if it concerns a dependency only.
func TestSuperviseLockedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"db": restart("no"), "web": needs(delayed(time.Second), "db")}, nil, nil)
		defer w.close()
		w.end()
		free := make(chan struct{})
		w.options.Exclusive = func(ctx context.Context) (func(), error) {
			select {
			case <-free:
				return func() {}, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		w.run()
		w.crash("p-web-1", 1)
		w.after(10 * time.Second) // due, and waiting for the lock
		if err := w.eng.ByHand().StopContainer(w.ctx, engine.Ref{Name: "p-db-1"}, nil); err != nil {
			t.Fatal(err)
		}
		close(free)
		w.after(time.Minute)
		if got := w.eng.Mutations(); len(got) > 0 {
			t.Errorf("calls = %q although the dependency was stopped meanwhile", got)
		}
		if err := w.eng.ByHand().StartContainer(w.ctx, engine.Ref{Name: "p-db-1"}); err != nil {
			t.Fatal(err)
		}
		w.after(10 * time.Second)
		w.isState("p-web-1", engine.Running)
	})
}

// TestSuperviseEngineAway: what ran when the engine went down runs again, whether
// it went in order, which looks as if users stopped everything, or crashed; what
// a user had stopped stays down where the policy says so.
func TestSuperviseEngineAway(t *testing.T) {
	for name, away := range map[string]func(*memengine.Engine){"in order": (*memengine.Engine).ShutDown, "killed": (*memengine.Engine).Crash9} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				services := types.Services{"late": delayed(time.Second), "no": restart("no")}
				for _, p := range []string{"always", "unless-stopped"} {
					services[p] = restart(p)
					services[p+"-halted"] = restart(p)
				}
				services["late-halted"] = delayed(time.Second)
				w := watch(t, services, nil, nil)
				defer w.close()
				for _, s := range w.want.Services {
					if strings.HasSuffix(s.Name, "-halted") {
						if err := w.eng.ByHand().StopContainer(w.ctx, engine.Ref{Name: w.want.ContainerName(s, 1)}, nil); err != nil {
							t.Fatal(err)
						}
					}
				}
				w.after(time.Minute)
				away(w.eng)
				w.after(10 * time.Second)
				w.eng.Boot()
				w.after(time.Minute)
				for name, want := range map[string]engine.State{
					"late": engine.Running, "always": engine.Running, "unless-stopped": engine.Running, "no": engine.Exited,
					"always-halted": engine.Running, "unless-stopped-halted": engine.Exited, "late-halted": engine.Exited,
				} {
					w.isState("p-"+name+"-1", want)
				}
			})
		})
	}
}

// TestSuperviseGapIsNoShutdown: a user's stop just before the stream merely
// breaks stays a user's stop.
func TestSuperviseGapIsNoShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": delayed(time.Second), "api": restart("always")}, nil, nil)
		defer w.close()
		for _, name := range []string{"p-web-1", "p-api-1"} {
			if err := w.eng.ByHand().StopContainer(w.ctx, engine.Ref{Name: name}, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.after(500 * time.Millisecond)
		w.eng.BreakStreams()
		w.after(5 * time.Minute)
		w.isState("p-web-1", engine.Exited)
		w.isState("p-api-1", engine.Exited)
	})
}

// TestSuperviseReplacement: while a replacement is unfinished neither side is
// touched, and the predecessor is supervised for as long as the successor never ran.
func TestSuperviseReplacement(t *testing.T) {
	for _, started := range []bool{false, true} {
		t.Run(fmt.Sprint("started ", started), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{"web": delayed(time.Second)}, nil, nil)
				defer w.close()
				old := w.state("p-web-1")
				successor := project.TemporaryName(old.ID, "p-web-1")
				w.createAs(w.want.Service("web"), 1, successor, started)
				w.after(time.Second)
				w.crash("p-web-1", 1)
				if started {
					w.crash(successor, 1)
				}
				w.after(time.Minute)
				want := map[bool]engine.State{false: engine.Running, true: engine.Exited}[started]
				w.isState("p-web-1", want)
				if w.eng.Starts(successor) > 1 {
					t.Error("the successor was started although its replacement is unfinished")
				}
			})
		})
	}
}

// TestSuperviseStoppedInBackoff: a container that waits for its restart is down
// already, so that the engine tells nothing of a stop. Who is told starts nothing.
func TestSuperviseStoppedInBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": delayed(5 * time.Second), "other": delayed(5 * time.Second)}, nil, nil)
		defer w.close()
		w.crash("p-web-1", 1)
		w.crash("p-other-1", 1)
		w.after(time.Second)
		w.sup.Stopped("web")
		w.after(time.Minute)
		w.isState("p-web-1", engine.Exited)
		w.isState("p-other-1", engine.Running)
		if err := w.eng.ByHand().StartContainer(context.Background(), engine.Ref{Name: "p-web-1"}); err != nil {
			t.Fatal(err)
		}
		w.crash("p-web-1", 1)
		w.after(time.Minute)
		w.isState("p-web-1", engine.Running) // the user's start ended the stop
	})
}
