package memengine

import (
	"time"

	"github.com/musterdev/muster/engine"
)

// The engine's defaults for what a health check leaves out, and how many
// probes it remembers.
const (
	defaultInterval = 30 * time.Second
	defaultRetries  = 3
	healthLogLength = 5
)

// health is the engine's health monitor of one container.
type health struct {
	status engine.Health
	streak int
	log    []engine.HealthProbe
	timer  *time.Timer
	probe  *process // in flight
	// epoch is raised at every stop, so that a late timer knows it is stale.
	epoch int
}

// start begins anew, as at a container's start.
func (h *health) start(c *container) {
	h.stop()
	h.log, h.streak, h.status = nil, 0, engine.HealthNone
	if c.check == nil {
		return
	}
	h.status = engine.HealthStarting
	h.resume(c)
}

// stop ends the monitor. The verdict stays.
func (h *health) stop() {
	h.epoch++
	if h.timer != nil {
		h.timer.Stop()
	}
	if h.probe != nil {
		h.probe.kill()
		h.probe = nil
	}
}

// resume waits one interval for the next probe.
func (h *health) resume(c *container) {
	if c.check == nil {
		return
	}
	e, epoch := c.engine, h.epoch
	interval := c.check.Interval
	if interval == 0 {
		interval = defaultInterval
	}
	h.timer = time.AfterFunc(interval, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.closed || epoch != h.epoch || c.state != engine.Running {
			return
		}
		h.check(c)
	})
}

// check runs the probe once; its end is the beginning of the next interval.
func (h *health) check(c *container) {
	began := time.Now()
	output := ""
	finish := func(code int) {
		h.probe = nil
		h.record(c, engine.HealthProbe{Start: began, End: time.Now(), ExitCode: code, Output: output})
		h.resume(c)
	}
	p := newProcess(c, func(_ bool, text string) { output += text }, finish)
	h.probe = p
	if timeout := c.check.Timeout; timeout > 0 {
		p.After(timeout, func() {
			output = "Health check exceeded timeout (" + timeout.String() + ")"
			p.Exit(-1)
		})
	}
	p.probe()
}

// probe runs the container's health check in this process.
func (p *process) probe() {
	c := p.c
	if program := c.process.program; program != nil && program.judges() {
		code, output := program.probe(time.Since(c.startedAt), c.starts)
		p.write(false, output)
		p.Exit(code)
		return
	}
	p.command(c.checkCommand(), c.env)
}

// judges reports whether the program answers health probes itself.
func (p *Program) judges() bool {
	return p.Probe != nil || p.HealthyAfter > 0 || p.UnhealthyAfter > 0
}

// checkCommand is the health check as an argument vector.
func (c *container) checkCommand() []string {
	test := c.check.Test
	if test[0] != "CMD-SHELL" {
		return test[1:]
	}
	shell := c.check.Shell
	if len(shell) == 0 {
		shell = []string{"/bin/sh", "-c"}
	}
	return append(append([]string(nil), shell...), test[1:]...)
}

// record counts a probe's result and announces a change of the verdict.
// Failures within the start period do not count until a probe has succeeded.
func (h *health) record(c *container, r engine.HealthProbe) {
	h.log = append(h.log, r)
	if len(h.log) > healthLogLength {
		h.log = h.log[1:]
	}
	before := h.status
	switch {
	case r.ExitCode == 0:
		h.streak, h.status = 0, engine.HealthHealthy
	case h.status == engine.HealthStarting && r.Start.Sub(c.startedAt) < c.check.StartPeriod:
	default:
		h.streak++
		retries := c.check.Retries
		if retries == 0 {
			retries = defaultRetries
		}
		if h.streak >= retries {
			h.status = engine.HealthUnhealthy
		}
	}
	if h.status != before {
		status := h.status
		c.engine.emit(c, "health_status", func(ev *engine.Event) { ev.Health = status })
		c.engine.touch()
	}
}
