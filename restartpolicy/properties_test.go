package restartpolicy_test

import (
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
	"pgregory.net/rapid"
)

// simulation is one container on an engine that restarts nothing by itself, and a
// supervisor that does what Decide says, when it says so.
type simulation struct {
	t        *rapid.T
	in       restartpolicy.Input
	d        restartpolicy.Decision
	epoch    time.Time // the engine's wall clock at Now zero
	paused   bool
	byUser   bool                     // stopped by a user and not started since
	restarts int                      // that the supervisor made since the last deliberate start
	story    []restartpolicy.Decision // every decision
}

func newSimulation(t *rapid.T, epoch time.Time, p restartpolicy.Policy, o restartpolicy.Options) *simulation {
	s := &simulation{t: t, epoch: epoch}
	s.in.Policy, s.in.Options, s.in.Owner, s.in.Gapless = p, o, restartpolicy.Supervisor, true
	s.in.Container = restartpolicy.Subject{ID: "sim", State: restartpolicy.Running, EngineMode: restartpolicy.No}
	s.in.Container.StartedAt = s.wall()
	s.decide()
	return s
}

func (s *simulation) wall() time.Time { return s.epoch.Add(s.in.Now) }

// decide asks for a decision, checks what holds for every decision, and keeps it.
func (s *simulation) decide() {
	d, h := restartpolicy.Decide(s.in)
	again, sameHistory := restartpolicy.Decide(s.in)
	if d != again || !h.Equal(sameHistory) {
		s.t.Fatalf("not deterministic: %v and %v", d, again)
	}
	s.in.History = h
	if again, sameHistory := restartpolicy.Decide(s.in); d != again || !h.Equal(sameHistory) {
		s.t.Fatalf("not idempotent: %v, then %v\n%v\n%v", d, again, h, sameHistory)
	}
	c := s.in.Container
	starts := d.Action == restartpolicy.Start || d.Action == restartpolicy.Restart
	switch {
	case starts && (s.byUser || s.paused):
		s.t.Fatalf("%v although stopped by a user (%v) or paused (%v)", d, s.byUser, s.paused)
	case d.Action == restartpolicy.Start && c.State == restartpolicy.Running, d.Action == restartpolicy.Restart && c.State != restartpolicy.Running:
		s.t.Fatalf("%v of a container that is %s", d, c.State)
	case !s.in.Policy.Restarts() && d.Action != restartpolicy.Leave:
		s.t.Fatalf("%v although the policy is no", d)
	}
	if longest := max(restartpolicy.MaxDelay, s.in.Policy.Delay) * 5 / 4; starts && d.Wait(s.in.Now) > longest {
		s.t.Fatalf("%v waits longer than %v", d, longest)
	}
	s.d = d
	s.story = append(s.story, d)
}

// exit ends the run; requested as by a stop.
func (s *simulation) exit(code int, requested bool) {
	s.in.Container.State = restartpolicy.Exited
	s.in.Container.Exit = restartpolicy.Exit{Code: code, At: s.wall(), Ran: s.wall().Sub(s.in.Container.StartedAt), Requested: requested}
}

// begin starts a run; health starts over with it.
func (s *simulation) begin() {
	s.in.Container.State, s.in.Container.StartedAt = restartpolicy.Running, s.wall()
	s.in.Container.StartError, s.in.Container.Health.Verdict = "", ""
}

// step lets one thing happen.
func (s *simulation) step(op string, pause time.Duration) {
	s.in.Now += pause
	running := s.in.Container.State == restartpolicy.Running
	switch op {
	case "exit 0", "exit 1":
		if running {
			s.exit(int(op[5]-'0'), false)
			s.decide()
			if earliest := s.in.Now + max(restartpolicy.MinDelay, s.in.Policy.Delay); s.d.Action == restartpolicy.Start && s.d.At < earliest {
				s.t.Fatalf("%v does not wait after the exit at %v", s.d, s.in.Now)
			}
		}
	case "unhealthy", "healthy":
		if running {
			s.in.Container.Health.Verdict = op
		}
	case "stop":
		if running {
			s.exit(143, true)
		}
		if !s.paused {
			s.byUser, s.in.Intent = true, restartpolicy.UserStop
		}
	case "start":
		if !running && !s.paused {
			s.begin()
			s.byUser, s.in.Intent, s.restarts = false, restartpolicy.NoIntent, 0
			// A start while ours was planned may be taken for ours. Then fewer
			// restarts follow than are allowed, never more.
		}
	case "pause":
		if running {
			s.in.Container.State, s.paused = restartpolicy.Paused, true
		}
	case "unpause":
		if s.paused {
			s.in.Container.State, s.paused = restartpolicy.Running, false
		}
	case "obey", "obey in vain":
		s.obey(op == "obey")
	}
	s.decide()
}

// obey carries out the last decision when it is due. A start in vain fails as
// when a port is busy.
func (s *simulation) obey(works bool) {
	if s.d.Action != restartpolicy.Start && s.d.Action != restartpolicy.Restart {
		return
	}
	s.in.Now += s.d.Wait(s.in.Now)
	if s.d.Action == restartpolicy.Restart {
		s.exit(143, true)
		s.in.Now += time.Millisecond
	}
	if !works {
		s.in.Container.StartError = portBusy
		s.in.History = s.in.History.StartFailed()
		return
	}
	s.begin()
	s.restarts++
}

var operations = []string{"exit 0", "exit 1", "exit 1", "unhealthy", "healthy", "stop", "start", "pause", "unpause", "obey", "obey", "obey", "obey in vain"}

func options(t *rapid.T) restartpolicy.Options {
	return restartpolicy.Options{
		OnUnhealthy: rapid.SampledFrom([]restartpolicy.OnUnhealthy{"", restartpolicy.RestartUnhealthy}).Draw(t, "on unhealthy"),
		OnCrashLoop: rapid.SampledFrom([]restartpolicy.OnCrashLoop{"", restartpolicy.EndCrashLoop}).Draw(t, "on crash loop"),
	}
}

// Whatever happens to a container: decisions are deterministic and idempotent;
// nothing is started after a stop by a user, while paused, or under the policy no;
// delays stay within their bounds; a bound on restarts is kept; and another wall
// clock, a year off, changes nothing.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, o := policies(t), options(t)
		s := newSimulation(t, epoch, p, o)
		off := newSimulation(t, epoch.AddDate(rapid.SampledFrom([]int{-1, 1}).Draw(t, "years off"), 0, 0), p, o)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			op := rapid.SampledFrom(operations).Draw(t, "op")
			pause := time.Duration(rapid.IntRange(1, 20_000).Draw(t, "pause")) * time.Millisecond
			s.step(op, pause)
			off.step(op, pause)
			if s.d != off.d {
				t.Fatalf("with another wall clock: %v, want %v", off.d, s.d)
			}
			if p.MaxAttempts > 0 && p.Window == 0 && s.restarts > p.MaxAttempts {
				t.Fatalf("%d restarts since the last deliberate start under %v", s.restarts, p)
			}
		}
	})
}

// The Compose specification reads window as how long a restart must hold to have
// succeeded, and counts those that did not: giving up comes with the last of them
// that is allowed, however far apart they are, and never because of one that held.
// Swarm counts the restarts within the window, so that what crashes a bit slower
// than that is restarted for ever; no run of failures is told apart here by pace.
func TestWindowProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := restartpolicy.Policy{
			Mode: restartpolicy.Always, MaxAttempts: rapid.IntRange(1, 4).Draw(t, "max"),
			Window: time.Duration(rapid.IntRange(1, 60).Draw(t, "window")) * time.Second,
			Delay:  time.Duration(rapid.IntRange(0, 90).Draw(t, "delay")) * time.Second,
		}
		s := newSimulation(t, epoch, p, restartpolicy.Options{})
		s.step("exit 1", time.Minute)
		failed := 0
		for range 30 {
			if s.d.Action != restartpolicy.Start {
				t.Fatalf("%v after %d failed attempts of %v", s.d, failed, p)
			}
			s.step("obey", 0)
			ran := time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ran")) * time.Millisecond
			s.step("exit 1", ran)
			if ran < p.Window {
				failed++
			}
			if failed == p.MaxAttempts {
				break
			}
		}
		if over := s.d.Action == restartpolicy.GiveUp; over != (failed == p.MaxAttempts) {
			t.Fatalf("%v after %d failed attempts of %v", s.d, failed, p)
		}
	})
}

// In a burst of crashes after equally long runs, no delay is shorter than the one
// before, jitter aside.
func TestBurstProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := restartpolicy.Policy{Mode: restartpolicy.Always, Delay: time.Duration(rapid.IntRange(0, 90).Draw(t, "delay")) * time.Second}
		ran := time.Duration(rapid.IntRange(0, 120_000).Draw(t, "ran")) * time.Millisecond
		s := newSimulation(t, epoch, p, restartpolicy.Options{})
		var last time.Duration
		for range 40 {
			s.step("exit 1", ran+time.Millisecond)
			base := restartpolicy.Backoff(s.in.History.Score(s.in.Now), p.Delay)
			if wait := s.d.Wait(s.in.Now); base < last || wait < base || wait > base*5/4 {
				t.Fatalf("waits %v after %v, jitter aside %v", wait, last, base)
			}
			last = base
			s.step("obey", 0)
		}
	})
}

// However long a container crashed, could not start or was unhealthy: when the
// faults stop, it runs within the longest delay.
func TestLivenessProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(t, epoch, restartpolicy.Policy{Mode: restartpolicy.Always}, restartpolicy.Options{OnUnhealthy: restartpolicy.RestartUnhealthy})
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			op := rapid.SampledFrom([]string{"exit 0", "exit 1", "unhealthy", "healthy", "obey", "obey in vain"}).Draw(t, "op")
			s.step(op, time.Duration(rapid.IntRange(1, 20_000).Draw(t, "pause"))*time.Millisecond)
		}
		since := s.in.Now
		s.step("obey", 0)
		s.step("healthy", 0)
		if s.in.Container.State != restartpolicy.Running || s.in.Now-since > restartpolicy.MaxDelay*5/4 {
			t.Fatalf("%s %v after the faults: %v, %v", s.in.Container.State, s.in.Now-since, s.d, s.in.History)
		}
	})
}

// Events in another order, twice or not at all may change what is known of a
// container, but once it is looked at and runs, nothing keeps it from its policy.
func TestEdgesRecoverProperty(t *testing.T) {
	kinds := []restartpolicy.EventKind{
		restartpolicy.StartEvent, restartpolicy.RestartEvent, restartpolicy.DieEvent, restartpolicy.KillEvent,
		restartpolicy.StopEvent, restartpolicy.OOMEvent, restartpolicy.EngineGone, restartpolicy.GapEvent, restartpolicy.OtherEvent,
	}
	rapid.Check(t, func(t *rapid.T) {
		var e restartpolicy.Edges
		run := 0
		for i := range rapid.IntRange(0, 30).Draw(t, "events") {
			if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
				run += rapid.IntRange(0, 1).Draw(t, "new run")
				status := rapid.SampledFrom([]restartpolicy.RunState{restartpolicy.Running, restartpolicy.Exited, restartpolicy.Restarting}).Draw(t, "status")
				before := e.Look(status, at(float64(run)))
				if e = before.Look(status, at(float64(run))); e != before && status != restartpolicy.Restarting {
					t.Fatalf("looking twice is not the same as once: %v, %v", describe(before), describe(e))
				}
				continue
			}
			e = e.Observe(restartpolicy.StreamEvent{
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), At: time.Duration(i) * time.Second,
				Signal: rapid.SampledFrom([]string{"9", "1"}).Draw(t, "signal"),
			})
		}
		e = e.Look(restartpolicy.Exited, at(float64(run)))
		e = e.Look(restartpolicy.Running, at(float64(run+1))) // it was started, whoever told or did not
		crashed := e.Observe(restartpolicy.StreamEvent{Kind: restartpolicy.DieEvent, At: time.Hour})
		if crashed.Intent() != restartpolicy.NoIntent || crashed.Requested() || !crashed.Gapless() {
			t.Fatalf("a crash of the new run is %s", describe(crashed))
		}
	})
}
