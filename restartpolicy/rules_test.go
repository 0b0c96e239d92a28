package restartpolicy_test

import (
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

const portBusy = "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated"
const noProgram = `exec: "nope": executable file not found in $PATH: unknown`

// One row or more for every rule.
func TestRules(t *testing.T) {
	supervised := "always,delay=1ms" // owned by the supervisor
	for _, tt := range []struct {
		name   string
		policy string
		do     func(s *scenario)
		want   string
	}{
		{"engine away", "always", func(s *scenario) { s.in.Engine = restartpolicy.EngineDown; s.exit(1, 1) }, "leave: the engine does not answer, rule 1"},
		{"resync", "always", func(s *scenario) { s.in.Engine = restartpolicy.EngineResync; s.exit(1, 1) }, "leave: reading the engine's state again, rule 1"},

		{"gone", "always", func(s *scenario) { s.in.Container.State = restartpolicy.Gone; s.decide(1) }, "leave: not supervised (gone), rule 2"},
		{"removing", "always", func(s *scenario) { s.in.Container.State = restartpolicy.Removing; s.decide(1) }, "leave: not supervised (removing), rule 2"},
		{"dead", "always", func(s *scenario) { s.in.Container.State = restartpolicy.Dead; s.decide(1) }, "leave: not supervised (dead), rule 2"},
		{"a state of the future", "always", func(s *scenario) { s.in.Container.State = "dreaming"; s.decide(1) }, "leave: not supervised (dreaming), rule 2"},
		{"exempt", supervised, func(s *scenario) { s.in.Container.Exempt = true; s.exit(1, 1) }, "leave: not supervised, rule 2"},

		{"operation", supervised, func(s *scenario) { s.in.Intent = restartpolicy.OpStop; s.exit(1, 1) }, "leave: another command is working on it, rule 3"},

		{"paused", supervised, func(s *scenario) {
			s.in.Container.State = restartpolicy.Paused
			s.in.Container.Health.Verdict = "unhealthy"
			s.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
			s.decide(1)
		}, "leave: paused, rule 4"},

		{"engine waits", "always", func(s *scenario) {
			s.in.Container.RestartCount = 3
			s.exit(1, 1)
			s.in.Container.State = restartpolicy.Restarting
			s.decide(1)
		}, "leave at 11.4s: the engine is about to restart it, rule 5"},
		{"engine waits long", "always", func(s *scenario) {
			s.exit(1, 1)
			s.in.Container.State = restartpolicy.Restarting
			s.decide(30)
		}, "leave at 40s: the engine is about to restart it, rule 5"},
		{"crash loop of the engine's", "always", func(s *scenario) { s.engineLoop(6) }, "leave at 13.26s: the engine is about to restart it, rule 5, crash loop"},
		{"brake", "always", func(s *scenario) {
			s.in.Options.OnCrashLoop = restartpolicy.BrakeCrashLoop
			s.engineLoop(6)
		}, "brake at 60ms: crash loop (score 6.0), rule 5"},
		{"end", "always", func(s *scenario) {
			s.in.Options.OnCrashLoop = restartpolicy.EndCrashLoop
			s.engineLoop(6)
		}, "stop at 60ms: crash loop (score 6.0), rule 5"},

		{"parent restarted", "always", func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
			s.decide(7) // stands
		}, "restart at 6s: the container whose namespace it shares was restarted (vpn), rule 6"},
		{"parent restarted, policy no", "no", func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
		}, "leave: cut off because the container whose namespace it shares was restarted, and its policy is no (vpn), rule 6"},
		{"parent restarting", "always", func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, StartedAt: at(5)}}
			s.decide(6)
		}, "leave: running, rule 8"},
		{"followed the parent", "always", func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
			s.in.Container.Exit = restartpolicy.Exit{Code: 143, At: at(7), Requested: true}
			s.start(7.5)
		}, "leave: running, rule 8"},
		{"dependency restarted", "always", func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "db", Restart: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
		}, "leave: running, rule 8"},
		{"dependency restarted, cascade", "always", func(s *scenario) {
			s.in.Options.Cascade = restartpolicy.CascadeAlways
			s.in.Needs = []restartpolicy.Need{{Name: "db", Restart: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
		}, "restart at 6s: a dependency was restarted (db), rule 6"},
		{"cascade without restart: true", "always", func(s *scenario) {
			s.in.Options.Cascade = restartpolicy.CascadeAlways
			s.in.Needs = []restartpolicy.Need{{Name: "db", Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
		}, "leave: running, rule 8"},
		{"parent restarted, stop under way", "always", func(s *scenario) {
			s.in.Intent = restartpolicy.UserStop
			s.in.Needs = []restartpolicy.Need{{Name: "vpn", SharesNamespace: true, Satisfied: true, StartedAt: at(5)}}
			s.decide(6)
		}, "leave: running, rule 8"},

		{"unhealthy", "always", func(s *scenario) { s.sick(3); s.decide(3.05) }, "restart at 3.119s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy, settling", "always", func(s *scenario) { s.in.Settle = 10 * time.Second; s.sick(3) }, "restart at 13s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy by default", "always", func(s *scenario) { s.in.Container.Health.Verdict = "unhealthy"; s.decide(3) }, "leave: running, rule 8"},
		{"unhealthy, policy no", "no", func(s *scenario) { s.sick(3) }, "leave: unhealthy, and the policy is no, rule 7"},
		{"unhealthy while starting", "always", func(s *scenario) { s.in.Container.Health.InStartPeriod = true; s.sick(3) }, "leave: running, rule 8"},
		{"unhealthy, breaker open", "always", func(s *scenario) { s.in.ProbesSuspended = true; s.sick(3) }, "leave: unhealthy, but the host seems to be at fault, rule 7"},
		{"unhealthy, probes do not run", "always", func(s *scenario) { s.in.Container.Health.LastCodes = []int{-1, -1}; s.sick(3) }, "leave: unhealthy, but the host seems to be at fault, rule 7"},
		{"unhealthy, a probe ran", "always", func(s *scenario) { s.in.Container.Health.LastCodes = []int{-1, 1}; s.sick(3) }, "restart at 3.119s: unhealthy (health check fails, restart 1), rule 7"},
		{"unhealthy, stop", "always", func(s *scenario) {
			s.in.Options.OnUnhealthy = restartpolicy.StopUnhealthy
			s.in.Container.Health.Verdict = "unhealthy"
			s.decide(3)
		}, "stop at 3.119s: unhealthy, rule 7"},
		{"unhealthy, stop under way", "always", func(s *scenario) { s.in.Intent = restartpolicy.UserStop; s.sick(3) }, "leave: running, rule 8"},
		{"unhealthy, exited", "always", func(s *scenario) {
			s.in.Container.State = restartpolicy.Exited
			s.in.Intent = restartpolicy.UserStop
			s.sick(3)
		}, "leave: stopped by a user, rule 10"},
		{"unhealthy, attempts used up", "on-failure:1,delay=1ms", func(s *scenario) {
			s.sick(3)
			s.in.Container.Exit = restartpolicy.Exit{Code: 143, At: at(4), Requested: true}
			s.in.Container.Health.Verdict = "starting"
			s.start(5)
			s.sick(9)
		}, "give up: restart limit reached (health check fails, policy on-failure:1,delay=1ms), rule 7"},
		{"healed in time", "on-failure:1,delay=1ms", func(s *scenario) {
			s.sick(3)
			s.in.Container.Health.Verdict = "healthy"
			s.decide(3.01)
			s.sick(9)
		}, "restart at 9.206s: unhealthy (health check fails, restart 1 of 1), rule 7"},

		{"running", "always", func(s *scenario) { s.decide(3) }, "leave: running, rule 8"},
		{"braked", "always", func(s *scenario) { s.engineLoop(6); s.in.Container.EngineMode = restartpolicy.No; s.start(1) }, "leave at 15m51.965000476s: crash loop (braked), rule 8"},
		{"brake over", "always", func(s *scenario) {
			s.engineLoop(6)
			s.in.Container.EngineMode = restartpolicy.No
			s.start(1)
			s.decide(952)
		}, "release at 15m52s: the crash loop is over, rule 8"},
		{"brake of a predecessor", "always", func(s *scenario) { s.in.Container.EngineMode = restartpolicy.No; s.decide(3) }, "release at 3s: the crash loop is over, rule 8"},

		{"created", "always", func(s *scenario) { s.in.Container.State = restartpolicy.Created; s.decide(3) }, "leave: created, not started yet, rule 9"},
		{"created and wanted", "always", func(s *scenario) {
			s.in.Container.State, s.in.Intent = restartpolicy.Created, restartpolicy.WantRun
			s.decide(3)
		}, "start at 3s: should be running (exit 0), rule 17"},

		{"user stop", supervised, func(s *scenario) { s.in.Intent = restartpolicy.UserStop; s.exit(3, 137) }, "leave: stopped by a user, rule 10"},
		{"user stop, seen as request", supervised, func(s *scenario) { s.exitRequested(3) }, "leave: stopped by a user, rule 10"},
		{"user stop under on-failure", "on-failure,delay=1ms", func(s *scenario) { s.in.Intent = restartpolicy.UserStop; s.exit(3, 137) }, "leave: stopped by a user, rule 10"},
		{"user stop under no", "no", func(s *scenario) { s.in.Intent = restartpolicy.UserStop; s.exit(3, 137) }, "leave: stopped by a user, rule 10"},

		{"no", "no", func(s *scenario) { s.exit(3, 1) }, "leave: the policy is no, rule 11"},
		{"no, wanted", "no", func(s *scenario) { s.in.Intent = restartpolicy.WantRun; s.exit(3, 1) }, "leave: the policy is no, rule 11"},
		{"no, start error", "no", func(s *scenario) { s.in.Container.StartError = portBusy; s.exit(3, 1) }, "leave: the policy is no, rule 11"},

		{"completed", "on-failure,delay=1ms", func(s *scenario) { s.exit(3, 0) }, "leave: completed, rule 12"},
		{"completed, but the next start failed", "on-failure", func(s *scenario) { s.in.Container.StartError = portBusy; s.exit(3, 0) }, "start at 3.119s: could not be started (" + portBusy + "), rule 17"},

		{"engine's", "always", func(s *scenario) { s.exit(3, 1) }, "leave at 5s: the engine restarts it, rule 13"},
		{"engine's, still", "on-failure", func(s *scenario) { s.exit(3, 1); s.decide(4.9) }, "leave at 5s: the engine restarts it, rule 13"},
		{"engine forgot", "always", func(s *scenario) { s.exit(3, 1); s.decide(5) }, "start at 5s: exited (exit 1, restart 1), rule 17"},
		{"engine forgot, gap", "always", func(s *scenario) { s.in.Gapless = false; s.exit(3, 1); s.decide(9) }, "leave: stopped while no supervisor was running, probably by a user, rule 13"},
		{"engine crashed", "unless-stopped", func(s *scenario) {
			s.in.Gapless, s.in.Intent = false, restartpolicy.WantRun
			s.exit(3, 137)
		}, "start at 3.119s: should be running (exit 137), rule 17"},
		{"engine gave up silently", "always", func(s *scenario) { s.in.Gapless = false; s.in.Container.StartError = portBusy; s.exit(3, 1) }, "start at 3.119s: could not be started (" + portBusy + "), rule 17"},
		{"held after a start error", "always", func(s *scenario) {
			s.in.Container.StartError, s.in.Container.EngineMode = portBusy, restartpolicy.No
			s.exit(3, 1)
		}, "leave: deliberately stopped, rule 13"},
		{"held by a brake", "always", func(s *scenario) { s.in.Container.EngineMode = restartpolicy.No; s.exit(3, 1); s.decide(9) }, "start at 1m3s: exited (exit 1, restart 1), rule 17"},

		{"permanent, first", supervised, func(s *scenario) { s.exit(3, 1); s.startFails(4, noProgram) }, "start at 4.207s: could not be started (" + noProgram + "), rule 17"},
		{"permanent, third", supervised, func(s *scenario) {
			s.exit(3, 1)
			s.startFails(4, noProgram)
			s.startFails(5, noProgram)
			s.startFails(6, noProgram)
			s.decide(7)
		}, "give up: cannot be started (" + noProgram + "), rule 14"},
		{"permanent, then repaired by hand", supervised, func(s *scenario) {
			s.exit(3, 1)
			s.startFails(4, noProgram)
			s.startFails(5, noProgram)
			s.startFails(6, noProgram)
			s.start(7)
			s.exit(8, 1)
		}, "start at 8.109s: exited (exit 1, restart 1), rule 17"},
		{"transient, many", "on-failure:2,delay=1ms", func(s *scenario) {
			s.exit(3, 1)
			for i := range 20 {
				s.startFails(float64(4+i), portBusy)
			}
		}, "start at 1m29.541s: could not be started (" + portBusy + "), rule 17, crash loop"},

		{"attempts left", "on-failure:2,delay=1ms", func(s *scenario) { s.crash(1) }, "start at 1.207s: exited (exit 1, restart 2 of 2), rule 17"},
		{"attempts used up", "on-failure:2,delay=1ms", func(s *scenario) { s.crash(2); s.decide(60) }, "give up: restart limit reached (exit 1, policy on-failure:2,delay=1ms), rule 15"},
		{"any with attempts used up", "always,max=2", func(s *scenario) { s.crash(2) }, "give up: restart limit reached (exit 1, policy always,max=2), rule 15"},
		{"attempts used up with the engine", "on-failure:2", func(s *scenario) { s.in.Container.RestartCount = 2; s.exit(3, 1) }, "give up: restart limit reached (exit 1, policy on-failure:2), rule 15"},
		{"attempts used up and started by hand", "on-failure:2,delay=1ms", func(s *scenario) {
			s.crash(2)
			s.start(50)
			s.exit(51, 1)
		}, "start at 51.119s: exited (exit 1, restart 1 of 2), rule 17"},
		{"attempts in the window", "always,max=2,window=10s", func(s *scenario) { s.crash(2) }, "give up: restart limit reached (exit 1, policy always,max=2,window=10s), rule 15"},
		{"attempts in the window, later", "always,max=2,window=10s", func(s *scenario) { s.crash(2); s.decide(60) }, "give up: restart limit reached (exit 1, policy always,max=2,window=10s), rule 15"},
		{"a run outlived the window", "always,max=2,window=10s", func(s *scenario) { s.crash(1); s.start(2); s.exit(13, 1) }, "start at 13.429s: exited (exit 1, restart 3, 1 of 2 attempts failed), rule 17"},
		{"attempts that fail far apart", "always,max=2,window=10s", func(s *scenario) {
			s.exit(1, 1)
			s.start(100)
			s.exit(105, 1)
			s.start(200)
			s.exit(205, 1)
		}, "give up: restart limit reached (exit 1, policy always,max=2,window=10s), rule 15"},
		{"the first run is no attempt", "always,max=1,window=10s", func(s *scenario) { s.exit(1, 1) }, "start at 1.119s: exited (exit 1, restart 1, 0 of 1 attempts failed), rule 17"},
		{"success in the window is none that failed", "on-failure:1,window=10s", func(s *scenario) {
			s.exit(1, 1)
			s.start(2)
			s.exit(3, 0)
			s.start(4)
			s.exit(5, 1)
		}, "start at 5.103s: exited (exit 1, restart 1, 0 of 1 attempts failed), rule 17"},
		{"unhealthy in the window", "always,max=1,window=10s", func(s *scenario) {
			s.in.Options.OnUnhealthy = restartpolicy.RestartUnhealthy
			s.exit(1, 1)
			s.start(2)
			s.sick(5)
		}, "give up: restart limit reached (health check fails, policy always,max=1,window=10s), rule 7"},
		{"healed in the window", "always,max=2,window=10s", func(s *scenario) {
			s.exit(1, 1)
			s.start(2)
			s.sick(5)
			s.in.Container.Health.Verdict = "healthy"
			s.decide(6)
			s.exit(30, 1)
		}, "start at 30.42s: exited (exit 1, restart 2, 0 of 2 attempts failed), rule 17"},
		{"crash loop of ours, ended", supervised, func(s *scenario) {
			s.in.Options.OnCrashLoop = restartpolicy.EndCrashLoop
			s.crash(5)
			s.decide(3600) // for good
		}, "give up: crash loop (exit 1), rule 15"},

		{"dependency missing", supervised, func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "cache"}, {Name: "db", Required: true}, {Name: "mq", Required: true}, {Name: "ok", Required: true, Satisfied: true}}
			s.exit(3, 1)
		}, "leave: waiting for a dependency (db, mq), rule 16"},
		{"dependency back", supervised, func(s *scenario) {
			s.in.Needs = []restartpolicy.Need{{Name: "db", Required: true}}
			s.exit(3, 1)
			s.in.Needs[0].Satisfied = true
			s.decide(9)
		}, "start at 9s: exited (exit 1, restart 1), rule 17"},

		{"exited", supervised, func(s *scenario) { s.exit(3, 0) }, "start at 3.119s: exited (exit 0, restart 1), rule 17"},
		{"exited, stands", supervised, func(s *scenario) { s.exit(3, 1); s.decide(8) }, "start at 3.119s: exited (exit 1, restart 1), rule 17"},
		{"out of memory", supervised, func(s *scenario) { s.in.Container.Exit.OOM = true; s.exitOOM(3) }, "start at 3.119s: exited (exit 137, out of memory, restart 1), rule 17"},
		{"delay", "always,delay=7s", func(s *scenario) { s.exit(3, 1) }, "start at 11.393s: exited (exit 1, restart 1), rule 17"},
		{"seen first when exited", supervised, func(s *scenario) {
			s.in.History = restartpolicy.History{}
			s.in.Gapless = false
			s.exit(3, 1)
		}, "start at 3.119s: exited (exit 1, restart 1), rule 17"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScenario(tt.policy)
			tt.do(s)
			if got := rounded(s.got); got != tt.want {
				t.Errorf("\ngot  %s\nwant %s\nhistory: %v", got, tt.want, s.in.History)
			}
		})
	}
}
