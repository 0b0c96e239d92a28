package restartpolicy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// epoch is when the engine of the tests started its first container, by its clock.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is the engine's time n seconds after epoch.
func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

// world is an input under construction: a container of the engine's, policy
// always, that a gapless supervisor first saw running at second 0.
type world struct {
	in  restartpolicy.Input
	got restartpolicy.Decision
}

func newWorld(policy string) *world {
	w := &world{}
	if err := w.in.Policy.UnmarshalText([]byte(policy)); err != nil {
		panic(err)
	}
	w.in.Owner = w.in.Policy.Owner()
	name, _ := w.in.Policy.Engine()
	w.in.Container = restartpolicy.Container{
		ID: "c1", Status: restartpolicy.Running, StartedAt: at(0), EngineMode: restartpolicy.Mode(name),
	}
	w.in.Gapless = true
	w.decide(0)
	return w
}

// decide asks for a decision at the given second and keeps its history.
func (w *world) decide(second float64) restartpolicy.Decision {
	w.in.Now = time.Duration(second * float64(time.Second))
	w.got, w.in.History = restartpolicy.Decide(w.in)
	return w.got
}

// exit ends the run at the given second and decides.
func (w *world) exit(second float64, code int) restartpolicy.Decision {
	w.in.Container.Status = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: code, At: at(second), Ran: at(second).Sub(w.in.Container.StartedAt)}
	return w.decide(second)
}

// start begins a run at the given second and decides.
func (w *world) start(second float64) restartpolicy.Decision {
	w.in.Container.Status = restartpolicy.Running
	w.in.Container.StartedAt = at(second)
	w.in.Container.StartError = ""
	return w.decide(second)
}

// startFails makes the start that was decided fail and decides.
func (w *world) startFails(second float64, text string) restartpolicy.Decision {
	w.in.Container.StartError = text
	w.in.History = w.in.History.StartFailed()
	return w.decide(second)
}

const portBusy = "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated"
const noProgram = `exec: "nope": executable file not found in $PATH: unknown`

// One row or more for every rule.
func TestRules(t *testing.T) {
	supervised := "always,delay=1ms" // owned by the supervisor
	for _, tt := range []struct {
		name   string
		policy string
		do     func(w *world)
		want   string
	}{
		{"engine away", "always", func(w *world) { w.in.Engine = restartpolicy.EngineDown; w.exit(1, 1) }, "leave: the engine does not answer, rule 1"},
		{"resync", "always", func(w *world) { w.in.Engine = restartpolicy.EngineResync; w.exit(1, 1) }, "leave: the engine's state is being read again, rule 1"},

		{"gone", "always", func(w *world) { w.in.Container.Status = restartpolicy.Gone; w.decide(1) }, "leave: not supervised (gone), rule 2"},
		{"removing", "always", func(w *world) { w.in.Container.Status = restartpolicy.Removing; w.decide(1) }, "leave: not supervised (removing), rule 2"},
		{"dead", "always", func(w *world) { w.in.Container.Status = restartpolicy.Dead; w.decide(1) }, "leave: not supervised (dead), rule 2"},
		{"a state of the future", "always", func(w *world) { w.in.Container.Status = "dreaming"; w.decide(1) }, "leave: not supervised (dreaming), rule 2"},
		{"exempt", supervised, func(w *world) { w.in.Container.Exempt = true; w.exit(1, 1) }, "leave: not supervised, rule 2"},

		{"operation", supervised, func(w *world) { w.in.Intent = restartpolicy.OpStop; w.exit(1, 1) }, "leave: an operation is at work on it, rule 3"},
		{"hold", supervised, func(w *world) { w.in.Intent = restartpolicy.Hold; w.exit(1, 1) }, "leave: kept down on purpose, rule 3"},

		{"paused", supervised, func(w *world) {
			w.in.Container.Status = restartpolicy.Paused
			w.in.Container.Health.Status = "unhealthy"
			w.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
			w.decide(1)
		}, "leave: paused, rule 4"},

		{"engine waits", "always", func(w *world) {
			w.in.Container.RestartCount = 3
			w.exit(1, 1)
			w.in.Container.Status = restartpolicy.Restarting
			w.decide(1)
		}, "leave at 11.4s: the engine is about to restart it, rule 5"},
		{"engine waits long", "always", func(w *world) {
			w.exit(1, 1)
			w.in.Container.Status = restartpolicy.Restarting
			w.decide(30)
		}, "leave at 40s: the engine is about to restart it, rule 5"},
		{"crash loop of the engine's", "always", func(w *world) { w.engineLoop(6) }, "leave at 13.26s: the engine is about to restart it, rule 5, crash loop"},
		{"brake", "always", func(w *world) {
			w.in.Options.OnCrashLoop = restartpolicy.BrakeCrashLoop
			w.engineLoop(6)
		}, "brake at 60ms: crash loop (score 6.0), rule 5"},
		{"end", "always", func(w *world) {
			w.in.Options.OnCrashLoop = restartpolicy.EndCrashLoop
			w.engineLoop(6)
		}, "stop at 60ms: crash loop (score 6.0), rule 5"},

		{"parent restarted", "always", func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
			w.decide(7) // stands
		}, "restart at 6s: the container whose namespace it shares has restarted (vpn), rule 6"},
		{"parent restarted, policy no", "no", func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
		}, "leave: cut off since the container whose namespace it shares has restarted, and the policy is no (vpn), rule 6"},
		{"parent restarting", "always", func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, StartedAt: at(5)}}
			w.decide(6)
		}, "leave: running, rule 9"},
		{"followed the parent", "always", func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
			w.in.Container.Exit = restartpolicy.Exit{Code: 143, At: at(7), Requested: true}
			w.start(7.5)
		}, "leave: running, rule 9"},
		{"dependency restarted", "always", func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "db", Restart: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
		}, "leave: running, rule 9"},
		{"dependency restarted, cascade", "always", func(w *world) {
			w.in.Options.Cascade = restartpolicy.CascadeAlways
			w.in.Needs = []restartpolicy.Need{{Name: "db", Restart: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
		}, "restart at 6s: a dependency has restarted (db), rule 6"},
		{"cascade without restart: true", "always", func(w *world) {
			w.in.Options.Cascade = restartpolicy.CascadeAlways
			w.in.Needs = []restartpolicy.Need{{Name: "db", Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
		}, "leave: running, rule 9"},
		{"parent restarted, stop under way", "always", func(w *world) {
			w.in.Intent = restartpolicy.UserStop
			w.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			w.decide(6)
		}, "leave: running, rule 9"},

		{"unhealthy", "always", func(w *world) { w.sick(3); w.decide(3.05) }, "restart at 3.119s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy, settling", "always", func(w *world) { w.in.Settle = 10 * time.Second; w.sick(3) }, "restart at 13s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy by default", "always", func(w *world) { w.in.Container.Health.Status = "unhealthy"; w.decide(3) }, "leave: running, rule 9"},
		{"unhealthy, policy no", "no", func(w *world) { w.sick(3) }, "leave: unhealthy, and the policy is no, rule 7"},
		{"unhealthy while starting", "always", func(w *world) { w.in.Container.Health.InStartPeriod = true; w.sick(3) }, "leave: running, rule 9"},
		{"unhealthy, breaker open", "always", func(w *world) { w.in.ProbesSuspended = true; w.sick(3) }, "leave: unhealthy, but the host seems to be the cause, rule 7"},
		{"unhealthy, probes do not run", "always", func(w *world) { w.in.Container.Health.LastCodes = []int{-1, -1}; w.sick(3) }, "leave: unhealthy, but the host seems to be the cause, rule 7"},
		{"unhealthy, a probe ran", "always", func(w *world) { w.in.Container.Health.LastCodes = []int{-1, 1}; w.sick(3) }, "restart at 3.119s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy, stop", "always", func(w *world) {
			w.in.Options.OnUnhealthy = restartpolicy.StopUnhealthy
			w.in.Container.Health.Status = "unhealthy"
			w.decide(3)
		}, "stop at 3.119s: unhealthy, rule 7"},
		{"unhealthy, stop under way", "always", func(w *world) { w.in.Intent = restartpolicy.UserStop; w.sick(3) }, "leave: running, rule 9"},
		{"unhealthy, exited", "always", func(w *world) {
			w.in.Container.Status = restartpolicy.Exited
			w.in.Intent = restartpolicy.UserStop
			w.sick(3)
		}, "leave: stopped by a user, rule 11"},
		{"unhealthy, attempts used up", "on-failure:1,delay=1ms", func(w *world) {
			w.sick(3)
			w.in.Container.Exit = restartpolicy.Exit{Code: 143, At: at(4), Requested: true}
			w.in.Container.Health.Status = "starting"
			w.start(5)
			w.sick(9)
		}, "give up: all restarts are used up (health check fails, policy on-failure:1,delay=1ms), rule 7"},
		{"healed in time", "on-failure:1,delay=1ms", func(w *world) {
			w.sick(3)
			w.in.Container.Health.Status = "healthy"
			w.decide(3.01)
			w.sick(9)
		}, "restart at 9.206s: unhealthy (health check fails, restart 1 of 1), rule 7"},

		{"ports", "always", func(w *world) { w.in.Container.PortsDiffer = true; w.decide(3) }, "leave: running without its declared ports or networks, rule 8"},

		{"running", "always", func(w *world) { w.decide(3) }, "leave: running, rule 9"},
		{"braked", "always", func(w *world) { w.engineLoop(6); w.in.Container.EngineMode = restartpolicy.No; w.start(1) }, "leave at 15m51.012500603s: crash loop (braked), rule 9"},
		{"brake over", "always", func(w *world) {
			w.engineLoop(6)
			w.in.Container.EngineMode = restartpolicy.No
			w.start(1)
			w.decide(952)
		}, "release at 15m52s: the crash loop is over, rule 9"},
		{"brake of a predecessor", "always", func(w *world) { w.in.Container.EngineMode = restartpolicy.No; w.decide(3) }, "release at 3s: the crash loop is over, rule 9"},

		{"created", "always", func(w *world) { w.in.Container.Status = restartpolicy.Created; w.decide(3) }, "leave: created and not meant to run yet, rule 10"},
		{"created and wanted", "always", func(w *world) {
			w.in.Container.Status, w.in.Intent = restartpolicy.Created, restartpolicy.WantRun
			w.decide(3)
		}, "start at 3s: meant to run (exit 0), rule 18"},

		{"user stop", supervised, func(w *world) { w.in.Intent = restartpolicy.UserStop; w.exit(3, 137) }, "leave: stopped by a user, rule 11"},
		{"user stop, seen as request", supervised, func(w *world) { w.exitRequested(3) }, "leave: stopped by a user, rule 11"},
		{"user stop under on-failure", "on-failure,delay=1ms", func(w *world) { w.in.Intent = restartpolicy.UserStop; w.exit(3, 137) }, "leave: stopped by a user, rule 11"},
		{"user stop under no", "no", func(w *world) { w.in.Intent = restartpolicy.UserStop; w.exit(3, 137) }, "leave: stopped by a user, rule 11"},

		{"no", "no", func(w *world) { w.exit(3, 1) }, "leave: the policy is no, rule 12"},
		{"no, wanted", "no", func(w *world) { w.in.Intent = restartpolicy.WantRun; w.exit(3, 1) }, "leave: the policy is no, rule 12"},
		{"no, start error", "no", func(w *world) { w.in.Container.StartError = portBusy; w.exit(3, 1) }, "leave: the policy is no, rule 12"},

		{"completed", "on-failure,delay=1ms", func(w *world) { w.exit(3, 0) }, "leave: completed, rule 13"},
		{"completed, but the next start failed", "on-failure", func(w *world) { w.in.Container.StartError = portBusy; w.exit(3, 0) }, "start at 3.119s: could not be started (" + portBusy + "), rule 18"},

		{"engine's", "always", func(w *world) { w.exit(3, 1) }, "leave at 5s: the engine restarts it, rule 14"},
		{"engine's, still", "on-failure", func(w *world) { w.exit(3, 1); w.decide(4.9) }, "leave at 5s: the engine restarts it, rule 14"},
		{"engine forgot", "always", func(w *world) { w.exit(3, 1); w.decide(5) }, "start at 5s: exited (exit 1, restart 1), rule 18"},
		{"engine forgot, gap", "always", func(w *world) { w.in.Gapless = false; w.exit(3, 1); w.decide(9) }, "leave: stopped while nobody was watching, probably by a user, rule 14"},
		{"engine crashed", "unless-stopped", func(w *world) {
			w.in.Gapless, w.in.Intent = false, restartpolicy.WantRun
			w.exit(3, 137)
		}, "start at 3.119s: meant to run (exit 137), rule 18"},
		{"engine gave up silently", "always", func(w *world) { w.in.Gapless = false; w.in.Container.StartError = portBusy; w.exit(3, 1) }, "start at 3.119s: could not be started (" + portBusy + "), rule 18"},
		{"held after a start error", "always", func(w *world) {
			w.in.Container.StartError, w.in.Container.EngineMode = portBusy, restartpolicy.No
			w.exit(3, 1)
		}, "leave: kept down on purpose, rule 14"},
		{"held by a brake", "always", func(w *world) { w.in.Container.EngineMode = restartpolicy.No; w.exit(3, 1); w.decide(9) }, "start at 1m3s: exited (exit 1, restart 1), rule 18"},

		{"permanent, first", supervised, func(w *world) { w.exit(3, 1); w.startFails(4, noProgram) }, "start at 4.207s: could not be started (" + noProgram + "), rule 18"},
		{"permanent, third", supervised, func(w *world) {
			w.exit(3, 1)
			w.startFails(4, noProgram)
			w.startFails(5, noProgram)
			w.startFails(6, noProgram)
			w.decide(7)
		}, "give up: it cannot be started (" + noProgram + "), rule 15"},
		{"permanent, then repaired by hand", supervised, func(w *world) {
			w.exit(3, 1)
			w.startFails(4, noProgram)
			w.startFails(5, noProgram)
			w.startFails(6, noProgram)
			w.start(7)
			w.exit(8, 1)
		}, "start at 8.109s: exited (exit 1, restart 1), rule 18"},
		{"transient, many", "on-failure:2,delay=1ms", func(w *world) {
			w.exit(3, 1)
			for i := range 20 {
				w.startFails(float64(4+i), portBusy)
			}
		}, "start at 1m29.541s: could not be started (" + portBusy + "), rule 18, crash loop"},

		{"attempts left", "on-failure:2,delay=1ms", func(w *world) { w.crash(1) }, "start at 1.207s: exited (exit 1, restart 2 of 2), rule 18"},
		{"attempts used up", "on-failure:2,delay=1ms", func(w *world) { w.crash(2); w.decide(60) }, "give up: all restarts are used up (exit 1, policy on-failure:2,delay=1ms), rule 16"},
		{"any with attempts used up", "always,max=2", func(w *world) { w.crash(2) }, "give up: all restarts are used up (exit 1, policy always,max=2), rule 16"},
		{"attempts used up with the engine", "on-failure:2", func(w *world) { w.in.Container.RestartCount = 2; w.exit(3, 1) }, "give up: all restarts are used up (exit 1, policy on-failure:2), rule 16"},
		{"attempts used up and started by hand", "on-failure:2,delay=1ms", func(w *world) {
			w.crash(2)
			w.start(50)
			w.exit(51, 1)
		}, "start at 51.119s: exited (exit 1, restart 1 of 2), rule 18"},
		{"attempts in the window", "always,max=2,window=10s", func(w *world) { w.crash(2) }, "give up: all restarts are used up (exit 1, policy always,max=2,window=10s), rule 16"},
		{"attempts in the window, later", "always,max=2,window=10s", func(w *world) { w.crash(2); w.decide(60) }, "give up: all restarts are used up (exit 1, policy always,max=2,window=10s), rule 16"},
		{"a run outlived the window", "always,max=2,window=10s", func(w *world) { w.crash(1); w.start(2); w.exit(13, 1) }, "start at 13.428s: exited (exit 1, restart 3), rule 18"},
		{"crash loop of ours, ended", supervised, func(w *world) {
			w.in.Options.OnCrashLoop = restartpolicy.EndCrashLoop
			w.crash(5)
			w.decide(3600) // for good
		}, "give up: crash loop (exit 1), rule 16"},

		{"dependency missing", supervised, func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "cache"}, {Name: "db", Required: true}, {Name: "mq", Required: true}, {Name: "ok", Required: true, Satisfied: true}}
			w.exit(3, 1)
		}, "leave: waiting for a dependency (db, mq), rule 17"},
		{"dependency back", supervised, func(w *world) {
			w.in.Needs = []restartpolicy.Need{{Name: "db", Required: true}}
			w.exit(3, 1)
			w.in.Needs[0].Satisfied = true
			w.decide(9)
		}, "start at 9s: exited (exit 1, restart 1), rule 18"},

		{"exited", supervised, func(w *world) { w.exit(3, 0) }, "start at 3.119s: exited (exit 0, restart 1), rule 18"},
		{"exited, stands", supervised, func(w *world) { w.exit(3, 1); w.decide(8) }, "start at 3.119s: exited (exit 1, restart 1), rule 18"},
		{"out of memory", supervised, func(w *world) { w.in.Container.Exit.OOM = true; w.exitOOM(3) }, "start at 3.119s: exited (exit 137, out of memory, restart 1), rule 18"},
		{"delay", "always,delay=7s", func(w *world) { w.exit(3, 1) }, "start at 11.393s: exited (exit 1, restart 1), rule 18"},
		{"seen first when exited", supervised, func(w *world) {
			w.in.History = restartpolicy.History{}
			w.in.Gapless = false
			w.exit(3, 1)
		}, "start at 3.119s: exited (exit 1, restart 1), rule 18"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.policy)
			tt.do(w)
			if got := rounded(w.got); got != tt.want {
				t.Errorf("\ngot  %s\nwant %s\nhistory: %v", got, tt.want, w.in.History)
			}
		})
	}
}

// rounded shortens the deadline of a start or restart to milliseconds.
func rounded(d restartpolicy.Decision) string {
	if d.Action != restartpolicy.Leave {
		d.At = d.At.Truncate(time.Millisecond)
	}
	return d.String()
}

// sick makes the container unhealthy with restarts asked for, and decides.
func (w *world) sick(second float64) {
	w.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
	w.in.Container.Health.Status = "unhealthy"
	w.decide(second)
}

// engineLoop lets the engine restart the container n times, 10 ms apart, and leaves
// it waiting for the next time.
func (w *world) engineLoop(n int) {
	for i := range n {
		w.in.Container.RestartCount = i + 1
		w.in.Container.Status = restartpolicy.Restarting
		w.in.Container.Exit = restartpolicy.Exit{Code: 1, At: at(float64(i+1) / 100)}
		w.decide(float64(i+1) / 100)
		if i < n-1 {
			w.start(float64(i+1)/100 + 0.005)
		}
	}
}

// crash exits at seconds 0.5, 1, 1.5 …, n+1 times, and is started in between.
func (w *world) crash(n int) {
	for i := range n + 1 {
		if i > 0 {
			w.start(float64(i)/2 + 0.25)
		}
		w.exit(float64(i+1)/2, 1)
	}
}

func (w *world) exitRequested(second float64) {
	w.in.Container.Status = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), Requested: true}
	w.decide(second)
}

func (w *world) exitOOM(second float64) {
	w.in.Container.Status = restartpolicy.Exited
	w.in.Container.Exit = restartpolicy.Exit{Code: 137, At: at(second), OOM: true}
	w.decide(second)
}

// A crash loop with the brake on: the engine's policy is taken away, the next exit
// waits a minute, and when the container has run well for long enough it is given
// back.
func TestBrakeFromBeginningToEnd(t *testing.T) {
	w := newWorld("unless-stopped")
	w.in.Options.OnCrashLoop = restartpolicy.BrakeCrashLoop
	w.engineLoop(6)
	var story []string
	note := func(d restartpolicy.Decision) { story = append(story, rounded(d)) }
	note(w.got)
	w.in.Container.EngineMode = restartpolicy.No
	w.in.Container.RestartCount = 6
	note(w.start(5))
	note(w.exit(6, 1))
	w.in.Container.RestartCount = 0
	note(w.start(66))
	note(w.decide(1200))
	w.in.Container.EngineMode = restartpolicy.UnlessStopped
	note(w.decide(1201))
	want := []string{
		"brake at 60ms: crash loop (score 6.0), rule 5",
		"leave at 15m51.012500603s: crash loop (braked), rule 9",
		"start at 1m6s: exited (exit 1, restart 7), rule 18, crash loop",
		"leave at 18m5.302617004s: crash loop (braked), rule 9",
		"release at 20m0s: the crash loop is over, rule 9",
		"leave: running, rule 9",
	}
	if !slices.Equal(story, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(story, "\n"), strings.Join(want, "\n"))
	}
}

// Docker's engine goes back to 100 ms after each run of ten seconds. Here a crash
// every eleven seconds climbs to the cap and counts as a crash loop.
func TestCrashEveryElevenSeconds(t *testing.T) {
	w := newWorld("always,delay=1ms")
	var delays []time.Duration
	now := 11.0
	for range 14 {
		d := w.exit(now, 1)
		delays = append(delays, d.Wait(w.in.Now))
		now += d.Wait(w.in.Now).Seconds()
		w.start(now)
		now += 11
	}
	if first := delays[0]; first < restartpolicy.MinDelay || first > restartpolicy.MinDelay*5/4 {
		t.Errorf("first delay %v, want about %v", first, restartpolicy.MinDelay)
	}
	if last := delays[len(delays)-1]; last < 30*time.Second {
		t.Errorf("delays %v do not reach half a minute", delays)
	}
	if !w.got.CrashLoop {
		t.Errorf("not seen as a crash loop: %v", w.in.History)
	}
}

// A crash every hour costs no more than the shortest delay.
func TestCrashEveryHour(t *testing.T) {
	w := newWorld("always,delay=1ms")
	for i := range 20 {
		now := float64(3600 * (i + 1))
		if wait := w.exit(now, 1).Wait(w.in.Now); wait > 130*time.Millisecond || w.got.CrashLoop {
			t.Fatalf("crash %d waits %v, %v", i+1, wait, w.got)
		}
		w.start(now + 1)
	}
}

// The engine may restart a container several times between two looks.
func TestUnseenEngineRestartsCount(t *testing.T) {
	w := newWorld("always")
	w.in.Container.RestartCount = 6
	w.in.Container.Exit = restartpolicy.Exit{At: at(9), Code: 1}
	if d := w.start(9.5); !d.CrashLoop || d.Reason != restartpolicy.ReasonRunning {
		t.Errorf("got %v, %v; want a crash loop", d, w.in.History)
	}
}

// A supervisor that starts during a crash loop does not begin at nothing.
func TestFirstSightOfARestartingContainer(t *testing.T) {
	w := newWorld("always")
	w.in.History = restartpolicy.History{}
	w.in.Container.Status = restartpolicy.Restarting
	w.in.Container.RestartCount = 40
	w.in.Container.Exit = restartpolicy.Exit{At: at(9), Code: 1}
	w.decide(1)
	if score := w.in.History.Score(w.in.Now); score != restartpolicy.CrashLoopScore {
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
	if len(seen) != 18 {
		t.Errorf("%d rules, want 18", len(seen))
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
