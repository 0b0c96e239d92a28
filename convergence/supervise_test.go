package convergence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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

const testImage = "muster-test/busybox:1"

// watched is a supervised project on the engine in memory.
type watched struct {
	t    *testing.T
	eng  *memengine.Engine
	want *project.Project
	// What run uses; the defaults are eng and what records.
	engine  supervise.Supervised
	options supervise.SuperviseOptions
	ctx     context.Context
	stop    context.CancelFunc
	done    chan error
	sup     *supervise.Supervisor

	mu      sync.Mutex
	records []string
	alerts  []string
}

// watch makes the project's containers, starts them in dependency order and
// supervises them. It must be called inside a synctest bubble.
func watch(t *testing.T, services types.Services, ext map[string]project.Extension, programs map[string]memengine.Program) *watched {
	t.Helper()
	for name, s := range services {
		s.Name, s.Image = name, testImage
		if s.NetworkMode == "" {
			s.NetworkMode = "none"
		}
		services[name] = s
	}
	want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: services}, Extensions: ext})
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, eng: memengine.New(), want: want}
	w.engine = w.eng
	w.eng.AddImages(testImage)
	for name, p := range programs {
		w.eng.Program(name, p)
	}
	g, err := want.Graph()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range g.Order() {
		s := want.Service(name)
		for n := 1; n <= s.Replicas; n++ {
			w.create(s, n)
		}
	}
	w.run()
	return w
}

func (w *watched) create(s *project.Service, n int) {
	w.t.Helper()
	w.createAs(s, n, w.want.ContainerName(s, n), true)
}

func (w *watched) createAs(s *project.Service, n int, name string, start bool) {
	w.t.Helper()
	ctx, policy := context.Background(), s.Restart
	refs := map[string]engine.Ref{}
	for _, r := range s.Namespaces {
		host := w.want.ContainerName(w.want.Service(r.Service), 1)
		refs[r.Service] = w.state(host).Ref
	}
	engines, retries := policy.Engine()
	if retries > 0 {
		engines = fmt.Sprintf("%s:%d", engines, retries)
	}
	_, err := w.eng.ByHand().CreateContainer(ctx, engine.CreateSpec{
		Project: w.want, Service: s, Name: name, Number: n, RestartPolicy: engines, Refs: refs,
		Labels: map[string]string{
			project.LabelProject: "p", project.LabelService: s.Name, project.LabelOneOff: "False",
			project.LabelContainerNumber: fmt.Sprint(n), project.LabelConfigHash: "x",
			project.LabelPolicy: policy.String(), project.LabelOwner: policy.Owner().String(),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if !start {
		return
	}
	if err := w.eng.ByHand().StartContainer(ctx, engine.Ref{Name: name}); err != nil {
		w.t.Logf("start %s: %v", name, err)
	}
}

// run starts a supervisor; end stops it.
func (w *watched) run() {
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.done = make(chan error, 1)
	began := time.Now()
	w.options.Record = func(r supervise.Record) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.records = append(w.records, fmt.Sprintf("%8v %s", r.Time.Sub(began), r))
		if r.Alert != supervise.AlertNone {
			w.alerts = append(w.alerts, fmt.Sprintf("%s %s", r.Container.Name, r.Alert))
		}
	}
	w.sup = supervise.NewSupervisor(w.engine, w.options)
	go func() { w.done <- w.sup.Run(w.ctx, w.want) }()
	synctest.Wait()
}

func (w *watched) end() {
	w.stop()
	if err := <-w.done; err != context.Canceled {
		w.t.Errorf("Run = %v, want the cause of its end", err)
	}
}

func (w *watched) close() {
	w.end()
	w.eng.Close()
	synctest.Wait()
	if w.t.Failed() {
		w.t.Logf("records:\n%s", strings.Join(w.records, "\n"))
	}
}

// after lets time pass.
func (w *watched) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *watched) state(name string) engine.Inspection {
	w.t.Helper()
	c, err := w.eng.ByHand().InspectContainer(context.Background(), engine.Ref{Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *watched) isState(name string, want engine.State) {
	w.t.Helper()
	if got := w.state(name).State; got != want {
		w.t.Errorf("%s is %s, want %s", name, got, want)
	}
}

func restart(policy string) types.ServiceConfig { return types.ServiceConfig{Restart: policy} }

func deployRestart(r types.RestartPolicy) types.ServiceConfig {
	return types.ServiceConfig{Deploy: &types.DeployConfig{RestartPolicy: &r}}
}

func needs(s types.ServiceConfig, names ...string) types.ServiceConfig {
	s.DependsOn = types.DependsOnConfig{}
	for _, n := range names {
		s.DependsOn[n] = types.ServiceDependency{Condition: "service_started", Required: true}
	}
	return s
}

// TestSuperviseDelay: a policy that no engine knows is applied by the supervisor.
func TestSuperviseDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := types.Duration(5 * time.Second)
		w := watch(t, types.Services{"web": deployRestart(types.RestartPolicy{Condition: "on-failure", Delay: &delay})}, nil, nil)
		defer w.close()
		if err := w.eng.Crash("p-web-1", 3); err != nil {
			t.Fatal(err)
		}
		w.after(4900 * time.Millisecond)
		w.isState("p-web-1", engine.Exited)
		w.after(1400 * time.Millisecond)
		w.isState("p-web-1", engine.Running)
		if n := w.eng.Starts("p-web-1"); n != 2 {
			t.Errorf("starts = %d, want 2", n)
		}
	})
}

// TestSuperviseAttempts: any with max_attempts, which the engine refuses.
func TestSuperviseAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := uint64(2)
		w := watch(t, types.Services{"job": deployRestart(types.RestartPolicy{Condition: "any", MaxAttempts: &two})}, nil,
			map[string]memengine.Program{"job": {ExitAfter: time.Second, ExitCode: 0}})
		defer w.close()
		w.after(10 * time.Minute)
		if n := w.eng.Starts("p-job-1"); n != 3 {
			t.Errorf("starts = %d, want the first and two restarts", n)
		}
		if len(w.alerts) != 1 || w.alerts[0] != "p-job-1 gave_up" {
			t.Errorf("alerts = %v", w.alerts)
		}
	})
}

// TestSuperviseWindow: what fails to hold for the window uses its attempts up,
// however slowly it crashes; what holds is restarted for ever.
func TestSuperviseWindow(t *testing.T) {
	for _, tc := range []struct {
		name   string
		window time.Duration
		starts int
	}{
		{"fails within it", 3 * time.Second, 3},
		{"holds for it", time.Second, 60},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				two, delay, window := uint64(2), types.Duration(5*time.Second), types.Duration(tc.window)
				w := watch(t, types.Services{"job": deployRestart(types.RestartPolicy{
					Condition: "any", MaxAttempts: &two, Delay: &delay, Window: &window,
				})}, nil, map[string]memengine.Program{"job": {ExitAfter: 2 * time.Second, ExitCode: 1}})
				defer w.close()
				w.after(2 * time.Hour)
				if n := w.eng.Starts("p-job-1"); n != tc.starts && (tc.starts == 3 || n < tc.starts) {
					t.Errorf("starts = %d, want %d", n, tc.starts)
				}
				if gaveUp := slices.Contains(w.alerts, "p-job-1 gave_up"); gaveUp != (tc.starts == 3) {
					t.Errorf("alerts = %v", w.alerts)
				}
			})
		})
	}
}

// TestSuperviseEngineGaveUp: the engine gives up for ever, silently, when a
// restart fails; the supervisor does not.
func TestSuperviseEngineGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		works := memengine.Program{}
		w := watch(t, types.Services{"web": restart("always")}, nil, map[string]memengine.Program{
			"web": {Then: &memengine.Program{FailStart: "no space left on device", Then: &works}},
		})
		defer w.close()
		if err := w.eng.Crash("p-web-1", 1); err != nil {
			t.Fatal(err)
		}
		w.after(time.Minute)
		w.isState("p-web-1", engine.Running)
	})
}

// TestSuperviseUserStop: what a user stopped stays stopped, also for a
// supervisor that was not there when it happened.
func TestSuperviseUserStop(t *testing.T) {
	for _, policy := range []string{"always", "unless-stopped", "on-failure"} {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, types.Services{"web": restart(policy)}, nil, nil)
				defer w.close()
				if err := w.eng.ByHand().StopContainer(w.ctx, engine.Ref{Name: "p-web-1"}, nil); err != nil {
					t.Fatal(err)
				}
				w.after(5 * time.Minute)
				w.isState("p-web-1", engine.Exited)
				w.end()
				w.run()
				w.after(5 * time.Minute)
				w.isState("p-web-1", engine.Exited)
			})
		})
	}
}

// TestSupervisePoisoned: a signal that is no stop makes some engines forget the
// policy; the next crash is still followed by a restart.
func TestSupervisePoisoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": restart("always")}, nil, map[string]memengine.Program{"web": {IgnoreStop: true}})
		defer w.close()
		if err := w.eng.ByHand().KillContainer(w.ctx, engine.Ref{Name: "p-web-1"}, "HUP"); err != nil {
			t.Fatal(err)
		}
		w.after(time.Second)
		if err := w.eng.Crash("p-web-1", 1); err != nil {
			t.Fatal(err)
		}
		w.after(10 * time.Second)
		w.isState("p-web-1", engine.Running)
	})
}

// TestSuperviseUnhealthy: restarted once if asked for, never otherwise, and
// recovery is told.
func TestSuperviseUnhealthy(t *testing.T) {
	check := &types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD", "probe"}}
	interval, retries := types.Duration(time.Second), uint64(2)
	check.Interval, check.Retries = &interval, &retries
	for _, tc := range []struct {
		on     string
		starts int
	}{{"", 1}, {"none", 1}, {"restart", 2}} {
		t.Run(tc.on, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := restart("always")
				s.HealthCheck = check
				w := watch(t, types.Services{"web": s}, map[string]project.Extension{"web": {OnUnhealthy: tc.on}},
					map[string]memengine.Program{"web": {UnhealthyAfter: 5 * time.Second, Then: &memengine.Program{}}})
				defer w.close()
				w.after(time.Minute)
				if n := w.eng.Starts("p-web-1"); n != tc.starts {
					t.Errorf("starts = %d, want %d", n, tc.starts)
				}
				want := []string{"p-web-1 unhealthy"}
				if tc.starts == 2 {
					want = append(want, "p-web-1 recovered")
				}
				if strings.Join(w.alerts, ",") != strings.Join(want, ",") {
					t.Errorf("alerts = %v, want %v", w.alerts, want)
				}
			})
		})
	}
}

// TestSuperviseOrder: after everything died, dependencies start first and never
// more than four at a time.
func TestSuperviseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := types.Duration(time.Millisecond)
		policy := types.RestartPolicy{Condition: "any", Delay: &delay}
		services := types.Services{"db": deployRestart(policy)}
		for i := range 20 {
			services[fmt.Sprintf("web%02d", i)] = needs(deployRestart(policy), "db")
		}
		w := watch(t, services, nil, nil)
		defer w.close()
		for _, s := range w.want.Services {
			if err := w.eng.Crash(w.want.ContainerName(s, 1), 1); err != nil {
				t.Fatal(err)
			}
		}
		w.after(30 * time.Second)
		first := ""
		for _, c := range w.eng.Calls() {
			if c.Method == "StartContainer" && first == "" {
				first = c.Target
			}
		}
		if first != "p-db-1" {
			t.Errorf("%s was started first, want its dependency", first)
		}
		for _, s := range w.want.Services {
			w.isState(w.want.ContainerName(s, 1), engine.Running)
		}
	})
}

// TestSuperviseStreamBreaks: with the stream broken every two seconds no
// restart is lost and none is made twice.
func TestSuperviseStreamBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := types.Duration(3 * time.Second)
		w := watch(t, types.Services{"web": deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})}, nil, nil)
		defer w.close()
		for i := range 10 {
			if i%3 == 0 {
				if err := w.eng.Crash("p-web-1", 1); err != nil {
					t.Fatal(err)
				}
			}
			w.eng.BreakStreams()
			w.after(2 * time.Second)
		}
		w.after(2 * time.Minute)
		w.isState("p-web-1", engine.Running)
		if n := w.eng.Starts("p-web-1"); n != 5 {
			t.Errorf("starts = %d, want the first and one for each of four crashes", n)
		}
	})
}

// TestSuperviseSilentStream: a stream that says nothing is made up for by the resync.
func TestSuperviseSilentStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := types.Duration(time.Second)
		w := watch(t, types.Services{"web": deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})}, nil, nil)
		defer w.close()
		w.eng.Tamper(func(engine.Event) []engine.Event { return nil })
		if err := w.eng.Crash("p-web-1", 1); err != nil {
			t.Fatal(err)
		}
		w.after(40 * time.Second)
		w.isState("p-web-1", engine.Running)
	})
}

// TestSuperviseStatus: what is planned can be asked for.
func TestSuperviseStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := types.Duration(10 * time.Second)
		w := watch(t, types.Services{"web": deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})}, nil, nil)
		defer w.close()
		if err := w.eng.Crash("p-web-1", 7); err != nil {
			t.Fatal(err)
		}
		w.after(time.Second)
		all, err := w.sup.Status(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("Status = %v, %v", all, err)
		}
		s := all[0]
		if s.Owner != restartpolicy.Supervisor || s.Decision.Action != restartpolicy.Start || s.Next < 8*time.Second || s.Next > 12*time.Second {
			t.Errorf("supervision = %+v, want a start in about nine seconds", s)
		}
	})
}

// lateInspections answers inspections only after a time.
type lateInspections struct{ supervise.Supervised }

func (l lateInspections) InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error) {
	time.Sleep(10 * time.Second)
	return l.Supervised.InspectContainer(ctx, c)
}

// TestSuperviseStatusOfOneThatBegins: whoever asks a supervisor that has just begun
// is answered when it has looked at every container, so that what happens to them
// after the answer is noticed; or when the engine is found to be away.
func TestSuperviseStatusOfOneThatBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, types.Services{"web": {Restart: "unless-stopped"}}, nil, nil)
		defer w.close()
		w.end()
		w.engine = lateInspections{w.eng}
		w.run()
		began := time.Now()
		all, err := w.sup.Status(t.Context())
		if err != nil || len(all) != 1 || time.Since(began) < 10*time.Second {
			t.Fatalf("Status = %v, %v after %v; want web after ten seconds", all, err, time.Since(began))
		}
		w.end()
		w.engine = w.eng
		w.eng.ShutDown()
		w.run()
		if all, err := w.sup.Status(t.Context()); err != nil || len(all) != 0 {
			t.Fatalf("Status = %v, %v while the engine is away", all, err)
		}
	})
}

// TestSuperviseLock: nothing is done while a command holds the project, and what
// changed meanwhile is judged anew.
func TestSuperviseLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		w := watch(t, types.Services{}, nil, nil)
		w.end()
		delay := types.Duration(time.Second)
		s := deployRestart(types.RestartPolicy{Condition: "any", Delay: &delay})
		s.Name, s.Image, s.NetworkMode = "web", testImage, "none"
		want, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
		if err != nil {
			t.Fatal(err)
		}
		w.want = want
		w.create(want.Services[0], 1)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- supervise.Supervise(ctx, want, w.eng, supervise.SuperviseOptions{
				Exclusive: func(ctx context.Context) (func(), error) {
					select {
					case <-free:
						return func() {}, nil
					case <-ctx.Done():
						return nil, context.Cause(ctx)
					}
				},
			})
		}()
		synctest.Wait()
		if err := w.eng.Crash("p-web-1", 1); err != nil {
			t.Fatal(err)
		}
		w.after(time.Minute)
		w.isState("p-web-1", engine.Exited)
		if err := w.eng.ByHand().RemoveContainer(ctx, engine.Ref{Name: "p-web-1"}, false); err != nil {
			t.Fatal(err)
		}
		close(free)
		w.after(time.Minute)
		for _, c := range w.eng.Mutations() {
			t.Errorf("call %s on a container that a command removed", c)
		}
		stop()
		<-done
		w.eng.Close()
	})
}
