package enginetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func lifecycleTests() []test {
	return []test{
		{"an exit is told by an event with its code", (*stage).testExit, containers | events},
		{"a stop is a kill, a die and a stop", (*stage).testStopEvents, containers | events | inside},
		{"the grace period ends with a kill", (*stage).testGrace, containers | events | inside},
		{"a caller that goes away does not undo a stop", (*stage).testStopAbandoned, containers | events | inside},
		{"a signal reaches the process", (*stage).testKill, containers | events | inside},
		{"restart begins a new run", (*stage).testRestart, containers | events | inside},
		{"the engine restarts what crashes", (*stage).testPolicyAlways, containers | events},
		{"on-failure gives up", (*stage).testPolicyOnFailure, containers | events},
		{"the restart policy can be changed", (*stage).testSetPolicy, containers},
		{"a program that cannot start is an error", (*stage).testBadCommand, containers},
		{"a paused container is left alone", (*stage).testPause, containers | inside},
		{"removal is by force", (*stage).testRemoveRunning, containers | events},
		{"health follows the check", (*stage).testHealth, containers | events | inside},
		{"failures within the start period do not count", (*stage).testStartPeriod, containers},
	}
}

func (s *stage) testExit() {
	s.service("job", "exit 7", nil)
	c := s.create("job")
	stream := s.watch()
	s.must(s.StartContainer(s.Context(), c))
	ev, actions := s.untilAction(stream, "die")
	if ev.ExitCode != 7 || ev.Container.ID != c.ID || ev.Container.Name != c.Name || ev.Service != "job" || ev.Time.IsZero() {
		s.Errorf("event = %+v, want code 7 of %s", ev, c.Name)
	}
	s.equal("events", actions, []string{"start", "die"})
	i := s.inspect(c)
	// Engines note the start of a program after the fact: one that ends at once
	// may seem to have ended before.
	if i.State != engine.Exited || i.ExitCode != 7 || i.StartedAt.IsZero() || i.FinishedAt.IsZero() || i.OOMKilled || i.Error != "" {
		s.Errorf("inspected: %s (%d), %s to %s, error %q", i.State, i.ExitCode, i.StartedAt, i.FinishedAt, i.Error)
	}
	if l, _ := s.listed(c); l.State != engine.Exited || l.ExitCode != 7 {
		s.Errorf("listed: %s (%d), want exited (7)", l.State, l.ExitCode)
	}
}

func (s *stage) testStopEvents() {
	c := s.run("web", obedient, nil)
	stream := s.watch()
	s.must(s.StopContainer(s.Context(), c, nil))
	s.must(s.RemoveContainer(s.Context(), c, false))
	_, actions := s.untilAction(stream, "destroy")
	if i, j := slices.Index(actions, "die"), slices.Index(actions, "stop"); i >= 0 && j >= 0 && j < i {
		actions[i], actions[j] = "stop", "die" // the engine promises no order of the two
	}
	s.equal("events", actions, []string{"kill", "die", "stop", "destroy"})
}

func (s *stage) testGrace() {
	c := s.run("stubborn", stubborn, nil)
	stream := s.watch()
	grace := time.Second
	s.must(s.StopContainer(s.Context(), c, &grace))
	if ev, _ := s.untilAction(stream, "die"); ev.ExitCode != 137 {
		s.Errorf("exit code = %d, want 137", ev.ExitCode)
	}
}

func (s *stage) testStopAbandoned() {
	c := s.run("stubborn", stubborn, nil)
	stream := s.watch()
	// The caller goes away when the engine has begun. Who is late, since the
	// machine is slow, tries again with a longer period.
	for grace := time.Second; ; grace *= 2 {
		ctx, cancel := context.WithCancel(s.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- s.StopContainer(ctx, c, &grace) }()
		s.untilAction(stream, "kill")
		cancel()
		err := <-stopped
		s.untilAction(stream, "die")
		if err != nil {
			return
		}
		if grace > time.Minute {
			s.Fatal("stop = nil although its context ended first")
		}
		s.must(s.StartContainer(s.Context(), c))
		s.exec(c, turn("/up"))
	}
}

func (s *stage) testKill() {
	c := s.run("web", "trap 'exit 7' USR1; touch /up; while :; do sleep 0.05; done", nil)
	stream := s.watch()
	s.must(s.KillContainer(s.Context(), c, "SIGUSR1"))
	ev, actions := s.untilAction(stream, "die")
	if ev.ExitCode != 7 {
		s.Errorf("exit code = %d, want 7", ev.ExitCode)
	}
	s.equal("events", actions, []string{"kill", "die"})
	if err := s.KillContainer(s.Context(), c, "SIGUSR1"); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("signal to a stopped container = %v, want a conflict", err)
	}
	s.must(s.StartContainer(s.Context(), c))
	s.must(s.KillContainer(s.Context(), c, "KILL"))
	if ev, _ := s.untilAction(stream, "die"); ev.ExitCode != 137 {
		s.Errorf("exit code after KILL = %d, want 137", ev.ExitCode)
	}
}

func (s *stage) testRestart() {
	c := s.run("web", obedient, nil)
	before := s.inspect(c)
	stream := s.watch()
	s.exec(c, "rm /up")
	s.must(s.RestartContainer(s.Context(), c, nil))
	_, actions := s.untilAction(stream, "restart")
	if !slices.Contains(actions, "die") || !slices.Contains(actions, "start") {
		s.Errorf("events = %q, want a die and a start among them", actions)
	}
	after := s.inspect(c)
	if after.State != engine.Running || !after.StartedAt.After(before.StartedAt) || after.ID != before.ID {
		s.Errorf("%s since %s, want running since later than %s", after.State, after.StartedAt, before.StartedAt)
	}
	s.ready(c)
	s.must(s.StopContainer(s.Context(), c, nil))
	s.must(s.RestartContainer(s.Context(), c, nil))
	if got := s.inspect(c).State; got != engine.Running {
		s.Errorf("a stopped container is %s after restart, want running", got)
	}
}

func (s *stage) testPolicyAlways() {
	s.service("web", "sleep 0.2; exit 3", func(c *types.ServiceConfig) { c.Restart = "always" })
	c := s.create("web")
	stream := s.watch()
	s.must(s.StartContainer(s.Context(), c))
	for range 2 {
		s.untilAction(stream, "die")
		s.untilAction(stream, "start")
	}
	if got := s.inspect(c).RestartCount; got < 2 {
		s.Errorf("restart count = %d, want at least 2", got)
	}
	s.must(s.StopContainer(s.Context(), c, nil))
	if got := s.inspect(c); got.State != engine.Exited {
		s.Errorf("stopped: %s, want exited", got.State)
	}
}

func (s *stage) testPolicyOnFailure() {
	s.service("job", "exit 3", func(c *types.ServiceConfig) { c.Restart = "on-failure:2" })
	c := s.create("job")
	stream := s.watch()
	s.must(s.StartContainer(s.Context(), c))
	for range 3 {
		s.untilAction(stream, "die")
	}
	i := s.inspect(c)
	if i.State != engine.Exited || i.ExitCode != 3 || i.RestartCount != 2 {
		s.Errorf("%s (%d) after %d restarts, want exited (3) after 2", i.State, i.ExitCode, i.RestartCount)
	}
}

func (s *stage) testSetPolicy() {
	c := s.up("web", obedient, nil)
	for _, policy := range []string{"always", "on-failure:4", "unless-stopped", "on-failure", "no"} {
		s.must(s.SetRestartPolicy(s.Context(), c, policy))
		if got := s.inspect(c).RestartPolicy; got != policy {
			s.Errorf("policy = %q, want %q", got, policy)
		}
	}
	if err := s.SetRestartPolicy(s.Context(), c, "always:3"); err == nil {
		s.Error("policy always:3 was accepted")
	}
}

func (s *stage) testBadCommand() {
	s.service("bad", "", func(c *types.ServiceConfig) { c.Command = []string{"/no/such/program"} })
	c := s.create("bad")
	if err := s.StartContainer(s.Context(), c); err == nil {
		s.Fatal("start = nil, want an error")
	}
	i := s.inspect(c)
	if i.Error == "" || i.ExitCode != 127 || i.State != engine.Created {
		s.Errorf("%s (%d), error %q, want created (127) with the reason", i.State, i.ExitCode, i.Error)
	}
}

func (s *stage) testPause() {
	c := s.run("web", obedient, nil)
	s.must(s.PauseContainer(s.Context(), c))
	if got, _ := s.listed(c); got.State != engine.Paused {
		s.Errorf("state = %s, want paused", got.State)
	}
	if err := s.StartContainer(s.Context(), c); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("start of a paused container = %v, want a conflict", err)
	}
	if _, err := s.Exec(s.Context(), c, engine.ExecSpec{Command: []string{"true"}}); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("exec in a paused container = %v, want a conflict", err)
	}
	s.must(s.StopContainer(s.Context(), c, nil))
	if got := s.inspect(c).State; got != engine.Exited {
		s.Errorf("state after stop = %s, want exited", got)
	}
	if err := s.PauseContainer(s.Context(), c); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("pause of a stopped container = %v, want a conflict", err)
	}
}

func (s *stage) testRemoveRunning() {
	c := s.up("web", obedient, nil)
	stream := s.watch()
	s.must(s.RemoveContainer(s.Context(), c, false))
	if _, actions := s.untilAction(stream, "destroy"); !slices.Contains(actions, "die") {
		s.Errorf("events = %q, want a die among them", actions)
	}
	if _, still := s.listed(c); still {
		s.Error("the container is still listed")
	}
}

func check(test string, interval time.Duration, retries uint64) func(*types.ServiceConfig) {
	d := types.Duration(interval)
	return func(c *types.ServiceConfig) {
		c.HealthCheck = &types.HealthCheckConfig{Test: []string{"CMD-SHELL", test}, Interval: &d, Retries: &retries}
	}
}

func (s *stage) testHealth() {
	c := s.up("web", obedient, check("test -f /ok", 100*time.Millisecond, 2))
	if got := s.inspect(c); got.Health != engine.HealthStarting && got.Health != engine.HealthUnhealthy || got.HealthCheck == nil {
		s.Errorf("health = %q, check %v, want starting", got.Health, got.HealthCheck)
	}
	stream := s.watch()
	s.exec(c, "touch /ok")
	s.until(stream, func(ev engine.Event) bool { return ev.Health == engine.HealthHealthy })
	if got, _ := s.listed(c); got.Health != engine.HealthHealthy {
		s.Errorf("listed health = %q, want healthy", got.Health)
	}
	s.exec(c, "rm /ok")
	ev, _ := s.until(stream, func(ev engine.Event) bool { return ev.Health == engine.HealthUnhealthy })
	if ev.Action != "health_status" {
		s.Errorf("action = %q, want health_status", ev.Action)
	}
	i := s.inspect(c)
	if i.Health != engine.HealthUnhealthy || i.FailingStreak < 2 || len(i.HealthLog) == 0 {
		s.Errorf("health = %q, streak %d, %d probes kept", i.Health, i.FailingStreak, len(i.HealthLog))
	}
	if got := i.HealthCheck; got == nil || !slices.Equal(got.Test, []string{"CMD-SHELL", "test -f /ok"}) ||
		got.Interval != 100*time.Millisecond || got.Retries != 2 {
		s.Errorf("check = %+v, want the declared one", got)
	}
}

func (s *stage) testStartPeriod() {
	period := types.Duration(time.Hour)
	c := s.up("web", obedient, func(c *types.ServiceConfig) {
		check("false", 50*time.Millisecond, 1)(c)
		c.HealthCheck.StartPeriod = &period
	})
	s.awaits("more failed probes than count", func() bool { return len(s.inspect(c).HealthLog) > 2 })
	if got := s.inspect(c).Health; got != engine.HealthStarting {
		s.Errorf("health = %q, want starting", got)
	}
}
