package convergence_test

import (
	"cmp"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/memengine"
)

// TestFindStopping: a stop in flight is known by the signal that no end of the
// container has answered, whoever sent it, and by what was noted down of it;
// everything else that happens to containers is none.
func TestFindStopping(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return began.Add(time.Hour - d) }
	event := func(action, signal string, before time.Duration) engine.Event {
		return engine.Event{Container: engine.Ref{ID: "web"}, Action: action, Signal: signal, Time: ago(before)}
	}
	asked := func(verb string, before time.Duration, grace ...time.Duration) []engine.PendingCall {
		a := engine.PendingCall{Verb: verb, Container: engine.Ref{ID: "web"}, At: ago(before)}
		if len(grace) > 0 {
			a.Grace = &grace[0]
		}
		return []engine.PendingCall{a}
	}
	ends := func(as engine.State) engine.Inspection {
		return engine.Inspection{Container: engine.Container{State: as}}
	}
	const s = time.Second
	for _, tc := range []struct {
		name   string
		past   []engine.Event
		asked  []engine.PendingCall
		listed engine.State      // running if empty
		seen   engine.Inspection // but for its start; running if nothing else is said
		within time.Duration
		doubt  bool
		quiet  bool // nothing is asked of the engine
	}{
		{name: "nothing happened", quiet: true},
		{name: "a stop", past: []engine.Event{event("start", "", 50*time.Minute), event("kill", "15", 2*s)}, within: 13 * s},
		{name: "its own grace period", past: []engine.Event{event("kill", "15", 2*s)}, seen: engine.Inspection{StopTimeout: 40 * s}, within: 43 * s},
		{name: "its own stop signal", past: []engine.Event{event("kill", "3", 2*s)}, seen: engine.Inspection{StopSignal: "SIGQUIT"}, within: 13 * s},
		{name: "a real-time signal", past: []engine.Event{event("kill", "37", 2*s)}, seen: engine.Inspection{StopSignal: "SIGRTMIN+3"}, within: 13 * s},
		{name: "killed after its grace period", past: []engine.Event{event("kill", "15", 11*s), event("kill", "9", s)}, within: 14 * s},
		{name: "twice: the later counts", past: []engine.Event{event("kill", "15", 9*s), event("kill", "15", 2*s)}, within: 13 * s},
		{name: "a reload", past: []engine.Event{event("kill", "1", 2*s)}},
		{name: "it ended", past: []engine.Event{event("kill", "15", 9*s), event("die", "", 8*s)}, listed: engine.Exited, seen: ends(engine.Exited), quiet: true},
		{name: "it ended, and the list is late", past: []engine.Event{event("kill", "9", s), event("die", "", s)}, seen: ends(engine.Exited)},
		{name: "it ended while frozen, and the list is late", past: []engine.Event{event("kill", "9", s), event("die", "", s)}, listed: engine.Paused, seen: ends(engine.Exited)},
		{name: "it ended by itself, and the list is late", past: []engine.Event{event("die", "", s)}, seen: ends(engine.Exited)},
		{name: "it ended, and the engine starts it again", past: []engine.Event{event("kill", "9", s), event("die", "", s)}, seen: ends(engine.Restarting)},
		{name: "it ended before what the engine recalls of its start", past: []engine.Event{event("die", "", s)}},
		{name: "it ends again and again", past: []engine.Event{event("die", "", s)}, listed: engine.Restarting, seen: ends(engine.Restarting), quiet: true},
		{name: "it ended while it was looked at", past: []engine.Event{event("kill", "9", s)}, seen: ends(engine.Exited)},
		{name: "it ended and was started", past: []engine.Event{event("kill", "15", 9*s), event("die", "", 8*s), event("start", "", 7*s)}, quiet: true},
		{name: "of the run before", past: []engine.Event{event("kill", "15", 2*time.Hour)}},
		{name: "it outlasted it", past: []engine.Event{event("kill", "15", time.Minute)}, doubt: true},
		{name: "it outlasted it long ago", past: []engine.Event{event("kill", "15", 20*time.Minute)}},
		{name: "noted, with a timeout of its own", past: []engine.Event{event("kill", "15", time.Minute)}, asked: asked("stop", time.Minute, 90*s), within: 35 * s},
		{name: "noted, what the engine has forgotten", asked: asked("restart", 2*s), within: 13 * s},
		{name: "noted, without a timeout", asked: asked("stop", 2*s, -s), within: 13 * s},
		{name: "noted, at once", asked: asked("stop", 2*s, 0), within: 3 * s},
		{name: "noted, and never heard of", past: []engine.Event{event("start", "", 50*time.Minute)}, asked: asked("stop", 3*s), quiet: true},
		{name: "noted just now", past: []engine.Event{event("start", "", 50*time.Minute)}, asked: asked("stop", s), within: 14 * s},
		{name: "noted, and over", asked: asked("stop", 2*time.Hour)},
		{name: "a noted kill", asked: asked("kill", s), within: s},
		{name: "a noted kill that never reached it", asked: asked("kill", 3*s), quiet: true},
		{name: "noted, and no stop", asked: asked("start", 2*s), quiet: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			web := engine.Container{Ref: engine.Ref{ID: "web", Name: "demo-web-1"}, State: cmp.Or(tc.listed, engine.Running)}
			have := engine.Observed{Containers: []engine.Container{web}, Past: tc.past}
			web.State, tc.seen.StartedAt = cmp.Or(tc.seen.State, engine.Running), began
			tc.seen.Container = web
			e := &oneInspection{seen: tc.seen}
			found, doubts, err := engine.FindStopping(t.Context(), e, have, tc.asked, ago(0))
			if err != nil {
				t.Fatal(err)
			}
			if got := found.Stopping["web"].Within; got != tc.within || len(found.Stopping) > 1 {
				t.Errorf("it is stopped within %v, want %v", got, tc.within)
			}
			if now, before := found.Containers[0].State, have.Containers[0].State; now != cmp.Or(tc.seen.State, engine.Running) || before != cmp.Or(tc.listed, engine.Running) {
				t.Errorf("it is %s, in the given observation %s", now, before)
			}
			if doubt := len(doubts) == 1 && strings.Contains(doubts[0], "sent container demo-web-1 its stop signal"); doubt != tc.doubt {
				t.Errorf("doubts = %q", doubts)
			}
			if (e.calls == 0) != tc.quiet {
				t.Errorf("%d inspections", e.calls)
			}
		})
	}
}

type oneInspection struct {
	seen  engine.Inspection
	calls int
}

func (e *oneInspection) InspectContainer(context.Context, engine.Ref) (engine.Inspection, error) {
	e.calls++
	return e.seen, nil
}

// TestStopInFlight: whoever asked for a stop or a restart and did not wait for
// it, an up afterwards leaves the container running, and it goes on running.
func TestStopInFlight(t *testing.T) {
	const waiting = "Container p-web-1 Waiting still being stopped by an earlier command"
	again := []string{waiting, "Container p-web-1 Stopped", "Container p-web-1 Starting", "Container p-web-1 Started"}
	stop := func(ctx context.Context, s *harness, c engine.Ref) error { return s.StopContainer(ctx, c, nil) }
	for _, tc := range []struct {
		name   string
		ends   func(context.Context, *harness, engine.Ref) error
		policy string
		says   []string
		same   bool // the run goes on
	}{
		{name: "stop", ends: stop, says: again},
		{name: "stop, with a policy that restarts", ends: stop, policy: "always", says: again},
		{
			name: "restart", says: again,
			ends: func(ctx context.Context, s *harness, c engine.Ref) error { return s.RestartContainer(ctx, c, nil) },
		},
		{
			name: "a signal that ends nothing", same: true,
			ends: func(ctx context.Context, s *harness, c engine.Ref) error { return s.KillContainer(ctx, c, "TERM") },
			says: []string{
				waiting, "Container p-web-1 Running an earlier command asked it to stop, and it did not",
				"Container p-web-1 Starting", "Container p-web-1 Started",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHarness(t, service("web", restarts(tc.policy)))
				s.Program("p-web-1", memengine.Program{IgnoreStop: true})
				up := func() {
					t.Helper()
					if err := s.converge(); err != nil {
						t.Fatal(err)
					}
				}
				up()
				time.Sleep(time.Minute)
				c := s.observe().Containers[0]
				ctx, leave := context.WithCancel(t.Context())
				left := make(chan error)
				go func() { left <- tc.ends(ctx, s, c.Ref) }()
				synctest.Wait()
				leave()
				<-left

				before := s.inspect(c.Ref)
				s.said = nil
				up()
				s.wantLines(tc.says...)
				now := s.inspect(c.Ref)
				if now.StartedAt.Equal(before.StartedAt) != tc.same {
					t.Errorf("it runs since %v, before since %v", now.StartedAt, before.StartedAt)
				}
				time.Sleep(time.Hour)
				if later := s.inspect(c.Ref); later.State != engine.Running || !later.StartedAt.Equal(now.StartedAt) {
					t.Errorf("an hour later: %s since %v, want the run of %v", later.State, later.StartedAt, now.StartedAt)
				}
				s.said = nil
				up()
				s.wantLines("Container p-web-1 Running")
			})
		})
	}
}

func (s *harness) inspect(c engine.Ref) engine.Inspection {
	s.t.Helper()
	seen, err := s.ByHand().InspectContainer(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	return seen
}

// TestSettle: a call that the engine comes to late is waited for, for as long as
// it can still take effect and no longer; one that is over is not.
func TestSettle(t *testing.T) {
	type call = func(ctx context.Context, s *harness, c engine.Ref) error
	start := func(ctx context.Context, s *harness, c engine.Ref) error { return s.ByHand().StartContainer(ctx, c) }
	stop := func(ctx context.Context, s *harness, c engine.Ref) error {
		return s.ByHand().StopContainer(ctx, c, nil)
	}
	restart := func(ctx context.Context, s *harness, c engine.Ref) error {
		return s.ByHand().RestartContainer(ctx, c, nil)
	}
	pause := func(ctx context.Context, s *harness, c engine.Ref) error { return s.ByHand().PauseContainer(ctx, c) }
	unpause := func(ctx context.Context, s *harness, c engine.Ref) error { return s.ByHand().UnpauseContainer(ctx, c) }
	for _, tc := range []struct {
		name   string
		before []call // before the call
		verb   string
		after  time.Duration // how long after the call the engine comes to it; negative is never
		late   call
		at     time.Duration // how long before Settle the call was
		waits  time.Duration
		other  string // the name of what is created
	}{
		{name: "start", before: []call{stop}, verb: "start", after: time.Second, late: start, waits: time.Second},
		{name: "start, done", before: []call{stop}, verb: "start", late: start, at: time.Second},
		{name: "start, never done", before: []call{stop}, verb: "start", after: -1, waits: 2 * time.Second},
		{name: "start, never done, later", before: []call{stop}, verb: "start", after: -1, at: time.Hour},
		{name: "create, never done", verb: "create", other: "p-web-2", after: -1, waits: 2 * time.Second},
		{name: "create, done", verb: "create", other: "p-web-1", after: -1},
		{name: "pause", verb: "pause", after: time.Second, late: pause, waits: time.Second},
		{name: "pause, done", verb: "pause", late: pause, at: time.Second},
		{name: "unpause", before: []call{pause}, verb: "unpause", after: time.Second, late: unpause, waits: time.Second},
		{name: "restart", verb: "restart", late: restart, at: time.Second, waits: 9 * time.Second},
		{name: "restart, done", verb: "restart", late: restart, at: 11 * time.Second},
		{name: "restart, never done", verb: "restart", after: -1, at: 3 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHarness(t, service("web"))
				s.Program("p-web-1", memengine.Program{IgnoreStop: true})
				if err := s.converge(); err != nil {
					t.Fatal(err)
				}
				c := s.observe().Containers[0].Ref
				for _, do := range tc.before {
					time.Sleep(time.Second)
					if err := do(t.Context(), s, c); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second)
				asked := engine.PendingCall{Verb: tc.verb, Container: c, At: time.Now()}
				if tc.other != "" {
					asked.Container = engine.Ref{Name: tc.other}
				}
				done := make(chan error, 1)
				if tc.late == nil {
					done <- nil
				} else {
					go func() {
						time.Sleep(max(tc.after, time.Nanosecond)) // by real clocks nothing is done at once
						done <- tc.late(t.Context(), s, c)
					}()
				}
				time.Sleep(tc.at)
				began, told := time.Now(), 0
				f := feed.New(t.Context(), "p", s.Engine)
				defer f.Close()
				err := f.AwaitCalls(t.Context(), []engine.PendingCall{asked}, time.Now, func(engine.PendingCall) { told++ })
				if waited := time.Since(began).Round(time.Second / 2); err != nil || waited != tc.waits || (told > 0) != (tc.waits > 0) {
					t.Errorf("it waited %v and said so %d times, want %v; error %v", waited, told, tc.waits, err)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
