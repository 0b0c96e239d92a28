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
		{"an exit is told by an event with its code", (*harness).testExit, containers | events},
		{"a stop is a kill, a die and a stop", (*harness).testStopEvents, containers | events | inside},
		{"the grace period ends with a kill", (*harness).testGrace, containers | events | inside},
		{"a caller that goes away does not undo a stop", (*harness).testStopAbandoned, containers | events | inside},
		{"a signal reaches the process", (*harness).testKill, containers | events | inside},
		{"restart begins a new run", (*harness).testRestart, containers | events | inside},
		{"the engine restarts what crashes", (*harness).testPolicyAlways, containers | events},
		{"on-failure gives up", (*harness).testPolicyOnFailure, containers | events},
		{"the restart policy can be changed", (*harness).testSetPolicy, containers},
		{"a program that cannot start is an error", (*harness).testBadCommand, containers},
		{"a paused container is left alone", (*harness).testPause, containers | inside},
		{"removal is by force", (*harness).testRemoveRunning, containers | events},
		{"health follows the check", (*harness).testHealth, containers | events | inside},
		{"failures within the start period do not count", (*harness).testStartPeriod, containers},
	}
}

func (h *harness) testExit() {
	h.service("job", "exit 7", nil)
	c := h.create("job")
	stream := h.watch()
	h.must(h.StartContainer(h.Context(), c))
	ev, actions := h.untilAction(stream, "die")
	if ev.ExitCode != 7 || ev.Container.ID != c.ID || ev.Container.Name != c.Name || ev.Service != "job" || ev.Time.IsZero() {
		h.Errorf("event = %+v, want code 7 of %s", ev, c.Name)
	}
	h.equal("events", actions, []string{"start", "die"})
	i := h.inspect(c)
	// Engines note the start of a program after the fact: one that ends at once
	// may seem to have ended before.
	if i.State != engine.Exited || i.ExitCode != 7 || i.StartedAt.IsZero() || i.FinishedAt.IsZero() || i.OOMKilled || i.Error != "" {
		h.Errorf("inspected: %s (%d), %s to %s, error %q", i.State, i.ExitCode, i.StartedAt, i.FinishedAt, i.Error)
	}
	if l, _ := h.listed(c); l.State != engine.Exited || l.ExitCode != 7 {
		h.Errorf("listed: %s (%d), want exited (7)", l.State, l.ExitCode)
	}
}

func (h *harness) testStopEvents() {
	c := h.run("web", obedient, nil)
	stream := h.watch()
	h.must(h.StopContainer(h.Context(), c, nil))
	h.must(h.RemoveContainer(h.Context(), c, false))
	_, actions := h.untilAction(stream, "destroy")
	if i, j := slices.Index(actions, "die"), slices.Index(actions, "stop"); i >= 0 && j >= 0 && j < i {
		actions[i], actions[j] = "stop", "die" // the engine promises no order of the two
	}
	h.equal("events", actions, []string{"kill", "die", "stop", "destroy"})
}

func (h *harness) testGrace() {
	c := h.run("stubborn", stubborn, nil)
	stream := h.watch()
	grace := time.Second
	h.must(h.StopContainer(h.Context(), c, &grace))
	if ev, _ := h.untilAction(stream, "die"); ev.ExitCode != 137 {
		h.Errorf("exit code = %d, want 137", ev.ExitCode)
	}
}

func (h *harness) testStopAbandoned() {
	c := h.run("stubborn", stubborn, nil)
	stream := h.watch()
	// The caller goes away when the engine has begun. Who is late, since the
	// machine is slow, tries again with a longer period.
	for grace := time.Second; ; grace *= 2 {
		ctx, cancel := context.WithCancel(h.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- h.StopContainer(ctx, c, &grace) }()
		h.untilAction(stream, "kill")
		cancel()
		err := <-stopped
		h.untilAction(stream, "die")
		if err != nil {
			return
		}
		if grace > time.Minute {
			h.Fatal("stop = nil although its context ended first")
		}
		h.must(h.StartContainer(h.Context(), c))
		h.exec(c, turn("/up"))
	}
}

func (h *harness) testKill() {
	c := h.run("web", "trap 'exit 7' USR1; touch /up; while :; do sleep 0.05; done", nil)
	stream := h.watch()
	h.must(h.KillContainer(h.Context(), c, "SIGUSR1"))
	ev, actions := h.untilAction(stream, "die")
	if ev.ExitCode != 7 {
		h.Errorf("exit code = %d, want 7", ev.ExitCode)
	}
	h.equal("events", actions, []string{"kill", "die"})
	if err := h.KillContainer(h.Context(), c, "SIGUSR1"); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("signal to a stopped container = %v, want a conflict", err)
	}
	h.must(h.StartContainer(h.Context(), c))
	h.must(h.KillContainer(h.Context(), c, "KILL"))
	if ev, _ := h.untilAction(stream, "die"); ev.ExitCode != 137 {
		h.Errorf("exit code after KILL = %d, want 137", ev.ExitCode)
	}
}

func (h *harness) testRestart() {
	c := h.run("web", obedient, nil)
	before := h.inspect(c)
	stream := h.watch()
	h.exec(c, "rm /up")
	h.must(h.RestartContainer(h.Context(), c, nil))
	_, actions := h.untilAction(stream, "restart")
	if !slices.Contains(actions, "die") || !slices.Contains(actions, "start") {
		h.Errorf("events = %q, want a die and a start among them", actions)
	}
	after := h.inspect(c)
	if after.State != engine.Running || !after.StartedAt.After(before.StartedAt) || after.ID != before.ID {
		h.Errorf("%s since %s, want running since later than %s", after.State, after.StartedAt, before.StartedAt)
	}
	h.ready(c)
	h.must(h.StopContainer(h.Context(), c, nil))
	h.must(h.RestartContainer(h.Context(), c, nil))
	if got := h.inspect(c).State; got != engine.Running {
		h.Errorf("a stopped container is %s after restart, want running", got)
	}
}

func (h *harness) testPolicyAlways() {
	h.service("web", "sleep 0.2; exit 3", func(c *types.ServiceConfig) { c.Restart = "always" })
	c := h.create("web")
	stream := h.watch()
	h.must(h.StartContainer(h.Context(), c))
	for range 2 {
		h.untilAction(stream, "die")
		h.untilAction(stream, "start")
	}
	if got := h.inspect(c).RestartCount; got < 2 {
		h.Errorf("restart count = %d, want at least 2", got)
	}
	h.must(h.StopContainer(h.Context(), c, nil))
	if got := h.inspect(c); got.State != engine.Exited {
		h.Errorf("stopped: %s, want exited", got.State)
	}
}

func (h *harness) testPolicyOnFailure() {
	h.service("job", "exit 3", func(c *types.ServiceConfig) { c.Restart = "on-failure:2" })
	c := h.create("job")
	stream := h.watch()
	h.must(h.StartContainer(h.Context(), c))
	for range 3 {
		h.untilAction(stream, "die")
	}
	i := h.inspect(c)
	if i.State != engine.Exited || i.ExitCode != 3 || i.RestartCount != 2 {
		h.Errorf("%s (%d) after %d restarts, want exited (3) after 2", i.State, i.ExitCode, i.RestartCount)
	}
}

func (h *harness) testSetPolicy() {
	c := h.up("web", obedient, nil)
	for _, policy := range []string{"always", "on-failure:4", "unless-stopped", "on-failure", "no"} {
		h.must(h.SetRestartPolicy(h.Context(), c, policy))
		if got := h.inspect(c).RestartPolicy; got != policy {
			h.Errorf("policy = %q, want %q", got, policy)
		}
	}
	if err := h.SetRestartPolicy(h.Context(), c, "always:3"); err == nil {
		h.Error("policy always:3 was accepted")
	}
}

func (h *harness) testBadCommand() {
	h.service("bad", "", func(c *types.ServiceConfig) { c.Command = []string{"/no/such/program"} })
	c := h.create("bad")
	if err := h.StartContainer(h.Context(), c); err == nil {
		h.Fatal("start = nil, want an error")
	}
	i := h.inspect(c)
	if i.Error == "" || i.ExitCode != 127 || i.State != engine.Created {
		h.Errorf("%s (%d), error %q, want created (127) with the reason", i.State, i.ExitCode, i.Error)
	}
}

func (h *harness) testPause() {
	c := h.run("web", obedient, nil)
	h.must(h.PauseContainer(h.Context(), c))
	if got, _ := h.listed(c); got.State != engine.Paused {
		h.Errorf("state = %s, want paused", got.State)
	}
	if err := h.StartContainer(h.Context(), c); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("start of a paused container = %v, want a conflict", err)
	}
	if _, err := h.Exec(h.Context(), c, engine.ExecSpec{Command: []string{"true"}}); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("exec in a paused container = %v, want a conflict", err)
	}
	h.must(h.StopContainer(h.Context(), c, nil))
	if got := h.inspect(c).State; got != engine.Exited {
		h.Errorf("state after stop = %s, want exited", got)
	}
	if err := h.PauseContainer(h.Context(), c); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("pause of a stopped container = %v, want a conflict", err)
	}
}

func (h *harness) testRemoveRunning() {
	c := h.up("web", obedient, nil)
	stream := h.watch()
	h.must(h.RemoveContainer(h.Context(), c, false))
	if _, actions := h.untilAction(stream, "destroy"); !slices.Contains(actions, "die") {
		h.Errorf("events = %q, want a die among them", actions)
	}
	if _, still := h.listed(c); still {
		h.Error("the container is still listed")
	}
}

func check(test string, interval time.Duration, retries uint64) func(*types.ServiceConfig) {
	d := types.Duration(interval)
	return func(c *types.ServiceConfig) {
		c.HealthCheck = &types.HealthCheckConfig{Test: []string{"CMD-SHELL", test}, Interval: &d, Retries: &retries}
	}
}

func (h *harness) testHealth() {
	c := h.up("web", obedient, check("test -f /ok", 100*time.Millisecond, 2))
	if got := h.inspect(c); got.Health != engine.HealthStarting && got.Health != engine.HealthUnhealthy || got.HealthCheck == nil {
		h.Errorf("health = %q, check %v, want starting", got.Health, got.HealthCheck)
	}
	stream := h.watch()
	h.exec(c, "touch /ok")
	h.until(stream, func(ev engine.Event) bool { return ev.Health == engine.HealthHealthy })
	if got, _ := h.listed(c); got.Health != engine.HealthHealthy {
		h.Errorf("listed health = %q, want healthy", got.Health)
	}
	h.exec(c, "rm /ok")
	ev, _ := h.until(stream, func(ev engine.Event) bool { return ev.Health == engine.HealthUnhealthy })
	if ev.Action != "health_status" {
		h.Errorf("action = %q, want health_status", ev.Action)
	}
	i := h.inspect(c)
	if i.Health != engine.HealthUnhealthy || i.FailingStreak < 2 || len(i.HealthLog) == 0 {
		h.Errorf("health = %q, streak %d, %d probes kept", i.Health, i.FailingStreak, len(i.HealthLog))
	}
	if got := i.HealthCheck; got == nil || !slices.Equal(got.Test, []string{"CMD-SHELL", "test -f /ok"}) ||
		got.Interval != 100*time.Millisecond || got.Retries != 2 {
		h.Errorf("check = %+v, want the declared one", got)
	}
}

func (h *harness) testStartPeriod() {
	period := types.Duration(time.Hour)
	c := h.up("web", obedient, func(c *types.ServiceConfig) {
		check("false", 50*time.Millisecond, 1)(c)
		c.HealthCheck.StartPeriod = &period
	})
	h.awaits("more failed probes than count", func() bool { return len(h.inspect(c).HealthLog) > 2 })
	if got := h.inspect(c).Health; got != engine.HealthStarting {
		h.Errorf("health = %q, want starting", got)
	}
}
