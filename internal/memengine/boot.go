package memengine

import (
	"io"
	"strconv"
	"strings"

	"github.com/musterdev/muster/engine"
)

// ShutDown ends the engine in order: it stops every container as a user's stop
// does, except that none counts as stopped by a user, ends the event streams,
// and answers no call until Boot.
func (e *Engine) ShutDown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.sorted() {
		if c.manager != nil {
			c.manager.cancel()
		}
		switch {
		case c.alive():
			e.announceKill(c, "TERM")
			code, p := 0, c.process
			if program := p.program; program != nil {
				code = program.StopCode
				if program.IgnoreStop {
					e.announceKill(c, "KILL")
					code = 137
				}
			}
			c.state = engine.Running
			p.begin = false
			p.Exit(code)
			e.emit(c, "stop", nil)
		case c.state == engine.Restarting:
			c.state = engine.Exited
			e.emit(c, "stop", nil)
		}
	}
	e.goDown()
}

// Crash9 ends the engine as SIGKILL does: its event streams break and it answers
// no call until Boot. What ran is found alive at Boot and killed then, which
// counts as a stop by a user, as it does on Docker without live-restore.
func (e *Engine) Crash9() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.sorted() {
		c.health.stop()
		if c.manager != nil {
			c.manager.cancel()
		}
	}
	e.goDown()
}

func (e *core) goDown() {
	e.unreached = true
	e.endStreams(io.ErrUnexpectedEOF)
	e.touch()
}

// Boot starts an engine that is down, and of its containers those that their
// policies want: always in any case, unless-stopped unless a user stopped it,
// on-failure after a failure that has restarts left. No event tells of that,
// since nobody can listen yet.
func (e *Engine) Boot() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.unreached {
		return
	}
	for _, c := range e.sorted() {
		switch {
		case c.alive():
			c.state = engine.Running
			c.process.begin = false
			c.process.Exit(137)
			c.manual = true
		case c.state == engine.Restarting:
			c.state = engine.Exited
		}
	}
	for _, c := range e.sorted() {
		if c.starts > 0 && !c.alive() && c.wantedAtBoot() {
			manual := c.manual
			_ = e.start(c, true) // the engine gives up silently
			c.manual = manual && c.state != engine.Running
		}
	}
	e.unreached = false
	e.touch()
}

func (c *container) wantedAtBoot() bool {
	mode, limit, _ := strings.Cut(c.policy, ":")
	switch mode {
	case "always":
		return true
	case "unless-stopped":
		return !c.manual
	case "on-failure":
		n, _ := strconv.Atoi(limit) // without a limit zero, which is none
		return c.exitCode != 0 && (n == 0 || c.restarts < n)
	}
	return false
}
