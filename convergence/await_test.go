package convergence_test

import (
	"context"
	"errors"
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

// awaited runs a service's start and one wait and tells how long that took.
func (s *harness) awaited(service string, a plan.Step) (time.Duration, error) {
	s.t.Helper()
	began := time.Now()
	a.Needs = []plan.StepID{plan.StepID(service + "/start")}
	err := s.apply(s.t.Context(), append(s.planUp(service), a)...)
	return time.Since(began), err
}

func restarts(policy string) func(*types.ServiceConfig) {
	return func(s *types.ServiceConfig) { s.Restart = policy }
}

func TestAwait(t *testing.T) {
	const never = 100 * time.Hour
	for _, tc := range []struct {
		name    string
		service types.ServiceConfig
		program memengine.Program
		wait    plan.Condition
		change  func(*plan.Await)
		least   time.Duration
		most    time.Duration
		fails   string // part of the error
		text    string // of the last event of the container
	}{
		{
			name:    "a check that passes at once is seen at once",
			service: service("db", checkEvery(10*time.Second)), wait: project.Healthy,
			program: memengine.Program{Probe: func(time.Duration, int) (int, string) { return 0, "" }},
			most:    10 * time.Millisecond, text: "Healthy",
		},
		{
			name:    "one that passes later is seen soon after",
			service: service("db", checkEvery(time.Hour)), wait: project.Healthy,
			program: memengine.Program{HealthyAfter: 3 * time.Second},
			least:   3 * time.Second, most: 4 * time.Second, text: "Healthy",
		},
		{
			name:    "the engine's verdict counts too",
			service: service("db", checkEvery(200*time.Millisecond)), wait: project.Healthy,
			program: memengine.Program{Probe: flaky(0)}, // fails us, passes the engine
			least:   150 * time.Millisecond, most: 300 * time.Millisecond, text: "Healthy",
		},
		{
			name:    "a program that is missing leaves it to the engine",
			service: service("db", checkEvery(5*time.Second)), wait: project.Healthy,
			program: memengine.Program{Probe: func(up time.Duration, _ int) (int, string) {
				if up < 5*time.Second {
					return 127, "not found"
				}
				return 0, ""
			}},
			least: 5 * time.Second, most: 6 * time.Second, text: "Healthy",
		},
		{
			name:    "unhealthy ends the wait",
			service: service("db", checkEvery(time.Second)), wait: project.Healthy,
			program: memengine.Program{HealthyAfter: never},
			least:   3 * time.Second, most: 3100 * time.Millisecond, fails: "container p-db-1 is unhealthy", text: "Error",
		},
		{
			name:    "an exit ends it at once",
			service: service("db", checkEvery(time.Hour)), wait: project.Healthy,
			program: memengine.Program{HealthyAfter: never, ExitAfter: 700 * time.Millisecond, ExitCode: 3},
			least:   700 * time.Millisecond, most: 750 * time.Millisecond, fails: "container p-db-1 exited (3)", text: "Error",
		},
		{
			name:    "no check, no health",
			service: service("db"), wait: project.Healthy,
			most: time.Second, fails: "has no healthcheck", text: "Error", // once it is clear that it runs
		},
		{
			name:    "no check, and it exits",
			service: service("db"), wait: project.Healthy,
			program: memengine.Program{ExitAfter: 100 * time.Millisecond, ExitCode: 7},
			most:    time.Second, fails: "container p-db-1 exited (7), and has no healthcheck", text: "Error",
		},
		{
			name:    "a restarting container has hope",
			service: service("db", checkEvery(time.Hour), restarts("on-failure")), wait: project.Healthy,
			program: memengine.Program{
				HealthyAfter: never, ExitAfter: time.Second, ExitCode: 1,
				Then: &memengine.Program{HealthyAfter: time.Millisecond},
			},
			least: time.Second, most: 2500 * time.Millisecond, text: "Healthy",
		},
		{
			name:    "a deadline",
			service: service("db", checkEvery(time.Hour)), wait: project.Healthy,
			program: memengine.Program{HealthyAfter: never},
			change:  func(a *plan.Await) { a.Timeout = 7 * time.Second },
			least:   7 * time.Second, most: 7 * time.Second, fails: "container p-db-1 is not healthy (running) after 7s", text: "Error",
		},
		{
			name:    "an optional one is a warning",
			service: service("db", checkEvery(time.Hour)), wait: project.Healthy,
			program: memengine.Program{HealthyAfter: never, ExitAfter: time.Second, ExitCode: 1},
			change:  func(a *plan.Await) { a.Optional = true },
			least:   time.Second, most: 1100 * time.Millisecond, text: "Skipped",
		},
		{
			name:    "a completed one",
			service: service("db"), wait: project.Completed,
			program: memengine.Program{ExitAfter: 5 * time.Second},
			least:   5 * time.Second, most: 5 * time.Second, text: "Exited",
		},
		{
			name:    "one that does not complete",
			service: service("db"), wait: project.Completed,
			program: memengine.Program{ExitAfter: 5 * time.Second, ExitCode: 2},
			least:   5 * time.Second, most: 5 * time.Second, fails: `service "db" didn't complete successfully: exit 2`, text: "Error",
		},
		{
			name:    "one that completes at its second try",
			service: service("db", restarts("on-failure")), wait: project.Completed,
			program: memengine.Program{ExitAfter: time.Second, ExitCode: 2, Then: &memengine.Program{ExitAfter: time.Second}},
			least:   2 * time.Second, most: 3 * time.Second, text: "Exited",
		},
		{
			name:    "one that completes again and again",
			service: service("db", restarts("always")), wait: project.Completed,
			program: memengine.Program{ExitAfter: time.Second},
			least:   time.Second, most: 1100 * time.Millisecond, text: "Exited",
		},
		{
			name:    "without a check it must stay up",
			service: service("db"), wait: plan.RunningOrHealthy,
			least: time.Second, most: time.Second, text: "Healthy",
		},
		{
			name:    "what crashes within the settle time fails",
			service: service("db"), wait: plan.RunningOrHealthy,
			program: memengine.Program{ExitAfter: 900 * time.Millisecond, ExitCode: 1},
			least:   900 * time.Millisecond, most: 900 * time.Millisecond, fails: "container p-db-1 exited (1)", text: "Error",
		},
		{
			name:    "the settle time begins anew at a restart",
			service: service("db", restarts("always")), wait: plan.RunningOrHealthy,
			program: memengine.Program{ExitAfter: 900 * time.Millisecond, ExitCode: 1, Then: &memengine.Program{}},
			least:   2 * time.Second, most: 2100 * time.Millisecond, text: "Healthy",
		},
		{
			name:    "a finished one-shot is done",
			service: service("db"), wait: plan.RunningOrHealthy,
			program: memengine.Program{ExitAfter: 300 * time.Millisecond},
			least:   300 * time.Millisecond, most: 300 * time.Millisecond, text: "Exited",
		},
		{
			name:    "with a check it must be healthy",
			service: service("db", checkEvery(time.Hour)), wait: plan.RunningOrHealthy,
			program: memengine.Program{HealthyAfter: 2 * time.Second},
			least:   2 * time.Second, most: 3 * time.Second, text: "Healthy",
		},
		{
			name:    "started is enough",
			service: service("db"), wait: project.Started,
			most: 10 * time.Millisecond, text: "Started",
		},
		{
			name:    "a line of the log",
			service: service("db"), wait: project.Healthy,
			program: memengine.Program{Logs: []memengine.Output{
				{After: time.Second, Text: "starting"}, {After: 2 * time.Second, Text: "ready to accept connections", Stderr: true},
			}},
			change: func(a *plan.Await) { a.Ready = &project.Ready{Kind: "log", Pattern: `ready to \w+`} },
			least:  2 * time.Second, most: 2 * time.Second, text: "Healthy",
		},
		{
			name:    "no address, no probe by address",
			service: service("db"), wait: project.Healthy,
			change: func(a *plan.Await) { a.Ready = &project.Ready{Kind: "tcp", Port: 80} },
			most:   10 * time.Millisecond, fails: "no network", text: "Error",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHarness(t, tc.service)
				s.Program("db", tc.program)
				if tc.change == nil {
					tc.change = func(*plan.Await) {}
				}
				took, err := s.awaited("db", with(await("db", tc.wait), tc.change))
				switch {
				case tc.fails == "" && err != nil:
					t.Errorf("error = %v", err)
				case tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)):
					t.Errorf("error = %v, want %s", err, tc.fails)
				}
				if took < tc.least || took > tc.most {
					t.Errorf("took %s, want %s to %s", took, tc.least, tc.most)
				}
				if last := s.said[len(s.said)-1]; last.Text != tc.text || last.ID != "Container p-db-1" {
					t.Errorf("the last event is %s %s, want %s", last.ID, last.Text, tc.text)
				}
			})
		})
	}
}

// flaky answers that many of every two probes with success, the later one first.
func flaky(first int) func(time.Duration, int) (int, string) {
	return func(up time.Duration, _ int) (int, string) {
		if up < 150*time.Millisecond {
			return 1, "not yet"
		}
		return first, ""
	}
}

func TestEngineHealthTurnsProbesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(10*time.Second)))
		s.Program("db", memengine.Program{Probe: func(time.Duration, int) (int, string) { return 0, "" }})
		began := time.Now()
		steps := append(s.planUp("db"), await("db", project.Healthy, "db/start"))
		if err := s.applyWith(t.Context(), plan.Plan{Project: "p", Steps: steps}, apply.ApplyOptions{EngineHealth: true}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %s, want the engine's interval", took)
		}
		if slices.ContainsFunc(s.Calls(), func(c memengine.Call) bool { return c.Method == "Exec" }) {
			t.Error("the check was run in the container all the same")
		}
	})
}

func TestProbesAreDenseButNotTooDense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Hour)))
		s.Program("db", memengine.Program{HealthyAfter: 20 * time.Second})
		s.Inject(memengine.Fault{Method: "Exec", Delay: 300 * time.Millisecond})
		if _, err := s.awaited("db", await("db", project.Healthy)); err != nil {
			t.Fatal(err)
		}
		var ends time.Time
		pauses := map[time.Duration]bool{}
		for _, c := range s.Calls() {
			if c.Method != "Exec" {
				continue
			}
			if !ends.IsZero() {
				pause := c.Begin.Sub(ends)
				pauses[pause.Round(time.Millisecond)] = true
				if pause < 300*time.Millisecond || pause > time.Second {
					t.Errorf("a probe came %s after another that took 300ms", pause)
				}
			}
			ends = c.End
		}
		if !pauses[300*time.Millisecond] || !pauses[time.Second] {
			t.Errorf("pauses = %v, want them to grow from a probe's own time to a second", pauses)
		}
	})
}

func TestWaitsEndWhenAnotherStepFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Hour)), service("web"))
		s.Program("db", memengine.Program{HealthyAfter: time.Hour})
		s.Inject(memengine.Fault{Method: "StartContainer", Target: "p-web-1", Delay: time.Second, Err: errors.New("start p-web-1: boom")})
		began := time.Now()
		err := s.apply(t.Context(), slices.Concat(s.planUp("db"), []plan.Step{await("db", project.Healthy, "db/start")}, s.planUp("web"))...)
		if err == nil || err.Error() != "service web: start p-web-1: boom" {
			t.Errorf("error = %v, want that of web alone", err)
		}
		if took := time.Since(began); took > 1100*time.Millisecond {
			t.Errorf("took %s: the wait went on", took)
		}
	})
}

func TestCancelledWaitIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Hour)))
		s.Program("db", memengine.Program{HealthyAfter: time.Hour})
		reason := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(reason) })
		err := s.apply(ctx, append(s.planUp("db"), await("db", project.Healthy, "db/start"))...)
		if !errors.Is(err, reason) || err.Error() != "interrupted" {
			t.Errorf("error = %v, want just the cause", err)
		}
		if n := s.Streams(); n != 0 {
			t.Errorf("%d event streams are left", n)
		}
	})
}

func TestFailureTellsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Second)))
		program := memengine.Program{
			ExitAfter: 2500 * time.Millisecond, OOM: true,
			Probe: func(time.Duration, int) (int, string) { return 1, "connection \x1b[31mrefused" },
		}
		for range 30 {
			program.Logs = append(program.Logs, memengine.Output{Text: "line \x1b]0;title\x07 of a log"})
		}
		s.Program("db", program)
		_, err := s.awaited("db", await("db", project.Healthy))
		var f *apply.Failure
		if !errors.As(err, &f) {
			t.Fatalf("error = %v, want a Failure", err)
		}
		if f.ExitCode != 137 || f.Signal != "SIGKILL" || !f.OOM || len(f.Log) != 20 || f.State != engine.Exited {
			t.Errorf("failure = %+v", f)
		}
		report := f.Report()
		if strings.ContainsAny(report, "\x1b\x07") {
			t.Errorf("the report holds control characters: %q", report)
		}
		for _, want := range []string{
			"container p-db-1 exited (137), out of memory\n", "2.5s for it to be healthy\n", "exited with code 137 (out of memory)\n",
			`    connection \x1b[31mrefused`, "the last 20 lines:\n", "muster logs --tail 100 db\n",
		} {
			if !strings.Contains(report, want) {
				t.Errorf("%q is missing in:\n%s", want, report)
			}
		}
	})
}

// The engine's first probe is an hour away: what ours said is all there is.
func TestFailureShowsOurLastProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Hour)))
		s.Program("db", memengine.Program{
			ExitAfter: time.Second, ExitCode: 3,
			Probe: func(time.Duration, int) (int, string) { return 2, "no such database" },
		})
		_, err := s.awaited("db", await("db", project.Healthy))
		var f *apply.Failure
		if !errors.As(err, &f) {
			t.Fatalf("error = %v, want a Failure", err)
		}
		if f.Health != "no such database" || f.HealthCode != 2 {
			t.Errorf("health = %q, code %d", f.Health, f.HealthCode)
		}
	})
}

func TestWaitsForOneContainerAreReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("db", checkEvery(time.Hour)))
		s.Program("db", memengine.Program{HealthyAfter: time.Second})
		optional := with(await("db", project.Healthy, "db/start"), func(a *plan.Await) { a.Optional = true })
		optional.ID += "-optional"
		again := await("db", plan.RunningOrHealthy, optional.ID)
		if err := s.apply(t.Context(), append(s.planUp("db"), await("db", project.Healthy, "db/start"), optional, again)...); err != nil {
			t.Fatal(err)
		}
		s.wantLines(
			"Container p-db-1 Creating", "Container p-db-1 Created", "Container p-db-1 Starting", "Container p-db-1 Started",
			"Container p-db-1 Waiting", "Container p-db-1 Healthy",
		)
	})
}

func TestReplicasFailTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHarness(t, service("a", checkEvery(time.Hour)), service("b", checkEvery(time.Hour)))
		s.Program("a", memengine.Program{HealthyAfter: time.Hour})
		s.Program("b", memengine.Program{HealthyAfter: time.Hour, ExitAfter: 5 * time.Second, ExitCode: 9})
		both := with(await("a", project.Healthy, "a/start", "b/start"), func(a *plan.Await) {
			a.Targets = append(a.Targets, engine.Ref{Name: "p-b-1"})
		})
		began := time.Now()
		err := s.apply(t.Context(), slices.Concat(s.planUp("a"), s.planUp("b"), []plan.Step{both})...)
		var f *apply.Failure
		if !errors.As(err, &f) || f.Container.Name != "p-b-1" || f.ExitCode != 9 {
			t.Errorf("error = %v, want that of b", err)
		}
		if took := time.Since(began); took > 5100*time.Millisecond {
			t.Errorf("took %s", took)
		}
		lines := s.lines()
		for _, want := range []string{"Container p-a-1 Interrupted", "Container p-b-1 Error dependency failed to start: container p-b-1 exited (9)"} {
			if !slices.Contains(lines, want) {
				t.Errorf("%q is missing in %q", want, lines)
			}
		}
	})
}
