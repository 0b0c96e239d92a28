package restartpolicy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// A crash loop with the brake on: the engine's policy is taken away, the next exit
// waits a minute, and when the container has run well for long enough it is given
// back.
func TestBrakeFromBeginningToEnd(t *testing.T) {
	s := newScenario("unless-stopped")
	s.in.Options.OnCrashLoop = restartpolicy.BrakeCrashLoop
	s.engineLoop(6)
	var story []string
	note := func(d restartpolicy.Decision) { story = append(story, rounded(d)) }
	note(s.got)
	s.in.Container.EngineMode = restartpolicy.No
	s.in.Container.RestartCount = 6
	note(s.start(5))
	note(s.exit(6, 1))
	s.in.Container.RestartCount = 0
	note(s.start(66))
	note(s.decide(1200))
	s.in.Container.EngineMode = restartpolicy.UnlessStopped
	note(s.decide(1201))
	want := []string{
		"brake at 60ms: crash loop (score 6.0), rule 5",
		"leave at 15m55.965000476s: crash loop (braked), rule 8",
		"start at 1m6s: exited (exit 1, restart 7), rule 17, crash loop",
		"leave at 19m9.545168658s: crash loop (braked), rule 8",
		"release at 20m0s: the crash loop is over, rule 8",
		"leave: running, rule 8",
	}
	if !slices.Equal(story, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(story, "\n"), strings.Join(want, "\n"))
	}
}

// Docker's engine goes back to 100 ms after each run of ten seconds. Here a crash
// every eleven seconds climbs to the cap and counts as a crash loop.
func TestCrashEveryElevenSeconds(t *testing.T) {
	s := newScenario("always,delay=1ms")
	var delays []time.Duration
	now := 11.0
	for range 14 {
		d := s.exit(now, 1)
		delays = append(delays, d.Wait(s.in.Now))
		now += d.Wait(s.in.Now).Seconds()
		s.start(now)
		now += 11
	}
	if first := delays[0]; first < restartpolicy.MinDelay || first > restartpolicy.MinDelay*5/4 {
		t.Errorf("first delay %v, want about %v", first, restartpolicy.MinDelay)
	}
	if last := delays[len(delays)-1]; last < 30*time.Second {
		t.Errorf("delays %v do not reach half a minute", delays)
	}
	if !s.got.CrashLoop {
		t.Errorf("not seen as a crash loop: %v", s.in.History)
	}
}

// A crash every hour costs no more than the shortest delay.
func TestCrashEveryHour(t *testing.T) {
	s := newScenario("always,delay=1ms")
	for i := range 20 {
		now := float64(3600 * (i + 1))
		if wait := s.exit(now, 1).Wait(s.in.Now); wait > 130*time.Millisecond || s.got.CrashLoop {
			t.Fatalf("crash %d waits %v, %v", i+1, wait, s.got)
		}
		s.start(now + 1)
	}
}

// The engine may restart a container several times between two looks.
func TestUnseenEngineRestartsCount(t *testing.T) {
	s := newScenario("always")
	s.in.Container.RestartCount = 6
	s.in.Container.Exit = restartpolicy.Exit{At: at(9), Code: 1}
	if d := s.start(9.5); !d.CrashLoop || d.Reason != restartpolicy.ReasonRunning {
		t.Errorf("got %v, %v; want a crash loop", d, s.in.History)
	}
}

// A supervisor that starts during a crash loop does not begin at nothing.
func TestFirstSightOfARestartingContainer(t *testing.T) {
	s := newScenario("always")
	s.in.History = restartpolicy.History{}
	s.in.Container.State = restartpolicy.Restarting
	s.in.Container.RestartCount = 40
	s.in.Container.Exit = restartpolicy.Exit{At: at(9), Code: 1}
	s.decide(1)
	if score := s.in.History.Score(s.in.Now); score != restartpolicy.CrashLoopScore {
		t.Errorf("score %v, want %v", score, restartpolicy.CrashLoopScore)
	}
}

func TestRulesAreDescribedInOrder(t *testing.T) {
	last, seen := 0, map[int]bool{}
	for _, r := range restartpolicy.Rules() {
		if r.Number < last || r.Text == "" {
			t.Errorf("rule %d %q after rule %d", r.Number, r.Text, last)
		}
		last, seen[r.Number] = r.Number, true
	}
	if len(seen) != 17 {
		t.Errorf("%d rules, want 17", len(seen))
	}
}

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct{ unhealthy, loop, cascade, want string }{
		{"", "", "", "{  } <nil>"},
		{"restart", "brake", "always", "{restart brake always} <nil>"},
		{"stop", "giveup", "", "{stop giveup } <nil>"},
		{"none", "report", "", "{none report } <nil>"},
		{"kill", "", "", `{  } unknown on_unhealthy "kill" (use restart, stop or none)`},
		{"", "quit", "", `{  } unknown crash_loop "quit" (use report, brake or giveup)`},
		{"", "", "sometimes", `{  } unknown cascade "sometimes" (use always, or leave it out)`},
	} {
		o, err := restartpolicy.ParseOptions(tt.unhealthy, tt.loop, tt.cascade)
		if got := fmt.Sprint(o, err); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// The engine notes a start when it hears that it succeeded: a process that ended
// within a millisecond exited before that, by the engine's own clock. It is still
// the restart that was granted, and counts.
func TestExitBeforeItsOwnStart(t *testing.T) {
	s := newScenario("always,max=1,delay=100ms")
	if d := s.exit(5, 1); d.Action != restartpolicy.Start {
		t.Fatalf("got %v, want a start", d)
	}
	s.in.Container.StartedAt = at(6.001)
	if d := s.exit(6, 1); d.Action != restartpolicy.GiveUp || d.Reason != restartpolicy.ReasonAttempts {
		t.Errorf("got %v, %v; want the one restart to be used up", d, s.in.History)
	}
}
