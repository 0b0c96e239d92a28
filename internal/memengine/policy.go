package memengine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// The engine's restart delays: the first one, the longest one, and how long a
// run must last for the next delay to be the first again.
const (
	firstDelay   = 100 * time.Millisecond
	longestDelay = time.Minute
	goodRun      = 10 * time.Second
)

// manager is the engine's memory of a container's restarts. A deliberate start
// begins a new one; a stop cancels it.
type manager struct {
	delay    time.Duration
	canceled bool
	timer    *time.Timer // of the pending restart
}

// decide says whether an exit is followed by a restart, and after how long.
// The delay grows whether or not the policy wants the restart.
func (m *manager) decide(c *container, code int, ran time.Duration) (bool, time.Duration) {
	if m.canceled {
		return false, 0
	}
	switch {
	case ran >= goodRun || m.delay == 0:
		m.delay = firstDelay
	default:
		m.delay = min(2*m.delay, longestDelay)
	}
	mode, limit, _ := strings.Cut(c.policy, ":")
	switch mode {
	case "always":
		return true, m.delay
	case "unless-stopped":
		return !c.manual, m.delay
	case "on-failure":
		n, _ := strconv.Atoi(limit) // without a limit zero, which is none
		return code != 0 && (n == 0 || c.restarts < n), m.delay
	}
	return false, 0
}

func (m *manager) cancel() {
	m.canceled = true
	if m.timer != nil {
		m.timer.Stop()
	}
}

// checkPolicy refuses what the engine refuses.
func checkPolicy(policy string) (string, error) {
	mode, limit, limited := strings.Cut(policy, ":")
	switch mode {
	case "", "no":
		return "no", nil
	case "always", "unless-stopped":
		if limited {
			return "", fmt.Errorf("maximum retry count cannot be used with restart policy %q", mode)
		}
		return mode, nil
	case "on-failure":
		n, err := strconv.Atoi(limit)
		if limited && (err != nil || n < 0) {
			return "", fmt.Errorf("maximum retry count %q is no number", limit)
		}
		if n == 0 {
			return mode, nil
		}
		return policy, nil
	}
	return "", fmt.Errorf("invalid restart policy %q", policy)
}

// exited is what the engine does once a container's process is gone.
func (c *container) exited(code int) {
	e := c.engine
	ran := time.Since(c.startedAt)
	c.exitCode, c.finishedAt, c.pid, c.process = code, e.stamp(), 0, nil
	c.lastWords()
	c.health.stop()
	c.release()
	c.leave(code)
	if c.killer != nil {
		c.killer.Stop()
	}
	if c.oom {
		e.emit(c, "oom", nil)
	}
	restart, delay := c.manager.decide(c, code, ran)
	if restart {
		c.restarts++
		c.state = engine.Restarting
	} else {
		c.state = engine.Exited
	}
	e.emit(c, "die", func(ev *engine.Event) {
		ev.ExitCode, ev.ExecTime = code, ran.Truncate(time.Second)
		ev.Attributes["exitCode"] = strconv.Itoa(code)
	})
	if restart {
		c.restartIn(delay)
	}
	done := c.atExit
	c.atExit = nil
	for _, f := range done {
		f()
	}
	if !restart && c.autoRemove && c.state == engine.Exited {
		e.remove(c, true)
	}
	e.touch()
}

// restartIn starts the container again after the delay. If the start fails the
// engine gives up for good, and no event tells.
func (c *container) restartIn(delay time.Duration) {
	e, m := c.engine, c.manager
	m.timer = time.AfterFunc(delay, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.closed || m.canceled || c.state != engine.Restarting || e.containers[c.id] == nil {
			return
		}
		if err := e.start(c, false); err != nil {
			c.state = engine.Exited
			e.touch()
		}
	})
}
