package memengine

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/musterdev/muster/engine"
)

// defaultGrace is how long the engine waits after a stop signal if nobody says.
const defaultGrace = 10 * time.Second

// StartContainer implements engine.Containers.
func (e *Engine) StartContainer(ctx context.Context, ref engine.Ref) error {
	return e.on(ctx, "StartContainer", ref, "", func(c *container) error { return e.start(c, true) })
}

// on does a call that concerns one container, under the lock.
func (e *Engine) on(ctx context.Context, method string, ref engine.Ref, detail string, do func(*container) error) error {
	return e.call(ctx, Call{Method: method, Target: e.nameOf(ref), Detail: detail}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.find(ref.Key())
		if err != nil {
			return err
		}
		return do(c)
	})
}

// nameOf is the container's name for the record, as the engine has it.
func (e *core) nameOf(ref engine.Ref) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, err := e.find(ref.Key()); err == nil {
		return c.name
	}
	return cmp.Or(ref.Name, ref.ID)
}

// start brings a container up. deliberate is false for the restarts that its
// policy asks for, which do not begin a new restart count.
func (e *core) start(c *container, deliberate bool) error {
	switch {
	case c.state == engine.Paused:
		return fmt.Errorf("cannot start a paused container, try unpause instead: %w", engine.ErrConflict)
	case c.state == engine.Dead || c.state == engine.Removing:
		return fmt.Errorf("container is marked for removal and cannot be started: %w", engine.ErrConflict)
	case deliberate && c.up():
		return nil
	}
	if deliberate {
		c.restarts, c.manual = 0, false
		if c.manager != nil {
			c.manager.cancel()
		}
		c.manager = &manager{}
	}
	p := e.program(c)
	c.attempts++
	if code, err := e.startable(c, p); err != nil {
		c.release()
		c.err, c.exitCode = err.Error(), code
		if c.starts > 0 {
			c.state = engine.Exited
		}
		if c.autoRemove {
			e.remove(c, true)
		}
		e.touch()
		return err
	}
	c.runLogs[c.starts] = len(c.logs)
	c.starts++
	e.serial++
	c.state, c.pid = engine.Running, 1000+e.serial
	c.startedAt, c.upStamp, c.exitCode, c.oom, c.err = time.Now(), e.stamp(), 0, false, ""
	c.spawn(p)
	c.health.start(c)
	e.emit(c, "start", nil)
	e.touch()
	return nil
}

// spawn runs the container's program, or the command it interprets.
func (c *container) spawn(program *Program) {
	p := newProcess(c, c.say, c.exited)
	c.process, p.program = p, program
	p.runAs(c.user, c.dir, c.stdin)
	switch {
	case program == nil && len(c.command) > 0 && c.interpretable():
		p.begin = true
		p.command(c.command, c.env)
		p.begin = false
	case program == nil:
		p.program = &Program{}
	default:
		p.run()
	}
}

// StopContainer implements engine.Containers. The engine goes on stopping
// when the caller no longer waits.
func (e *Engine) StopContainer(ctx context.Context, ref engine.Ref, grace *time.Duration) error {
	return e.finishing(ctx, "StopContainer", ref, graceText(grace), func(c *container, done func(error)) {
		e.stop(c, grace, done)
	})
}

// RestartContainer implements engine.Containers.
func (e *Engine) RestartContainer(ctx context.Context, ref engine.Ref, grace *time.Duration) error {
	return e.finishing(ctx, "RestartContainer", ref, graceText(grace), func(c *container, done func(error)) {
		e.stop(c, grace, func(err error) {
			if err == nil {
				err = e.start(c, true)
			}
			if err == nil {
				e.emit(c, "restart", nil)
			}
			done(err)
		})
	})
}

func graceText(grace *time.Duration) string {
	if grace == nil {
		return ""
	}
	return grace.String()
}

// finishing does a call whose end comes later: begin runs under the lock and
// calls done, then or later, under the lock as well.
func (e *Engine) finishing(ctx context.Context, method string, ref engine.Ref, detail string, begin func(*container, func(error))) error {
	return e.call(ctx, Call{Method: method, Target: e.nameOf(ref), Detail: detail}, func() error {
		answer := make(chan error, 1)
		e.mu.Lock()
		c, err := e.find(ref.Key())
		if err == nil {
			begin(c, func(err error) { answer <- err })
		}
		e.mu.Unlock()
		if err != nil {
			return err
		}
		select {
		case err := <-answer:
			return err
		case <-e.end:
			return errClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// stop signals the container, kills it after the grace period, and calls done
// once it is down.
func (e *core) stop(c *container, grace *time.Duration, done func(error)) {
	switch {
	case c.state == engine.Restarting:
		c.manual = true
		c.manager.cancel()
		c.state = engine.Exited
		e.emit(c, "stop", nil)
		e.touch()
		done(nil)
		return
	case !c.alive():
		done(nil)
		return
	}
	wait := c.grace
	if grace != nil {
		wait = *grace
	}
	p := c.process
	c.atExit = append(c.atExit, func() {
		e.emit(c, "stop", nil)
		done(nil)
	})
	if err := e.kill(c, cmp.Or(c.stopSignal, "TERM"), true); err != nil {
		done(err)
		return
	}
	if wait < 0 {
		return
	}
	c.killer = time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !p.ended && !e.closed {
			e.announceKill(c, "KILL")
			p.signal("KILL")
		}
	})
}

// KillContainer implements engine.Containers.
func (e *Engine) KillContainer(ctx context.Context, ref engine.Ref, signal string) error {
	return e.on(ctx, "KillContainer", ref, signal, func(c *container) error {
		name := signalName(cmp.Or(signal, "KILL"))
		if name == "" {
			return fmt.Errorf("invalid signal: %s", signal)
		}
		if !c.up() {
			return fmt.Errorf("container %s is not running: %w", c.id, engine.ErrConflict)
		}
		return e.kill(c, name, false)
	})
}

// kill sends a signal. Whatever the signal is, the engine takes it for a manual
// stop, and for the end of its restarts unless the container has a stop signal
// of its own and this is another.
func (e *core) kill(c *container, signal string, stopping bool) error {
	ends := stopping || signal == "KILL" || c.stopSignal == "" || signal == c.stopSignal
	if ends {
		c.manager.cancel()
	}
	c.manual = true
	if c.state == engine.Restarting {
		if ends { // the pending restart notices that it was cancelled
			c.state = engine.Exited
			e.touch()
		}
		return nil
	}
	p := c.process
	e.announceKill(c, signal)
	p.After(0, func() { p.signal(signal) })
	if ends && c.state == engine.Paused {
		c.unpause()
	}
	return nil
}

func (e *core) announceKill(c *container, signal string) {
	e.emit(c, "kill", func(ev *engine.Event) {
		ev.Signal = strconv.Itoa(signalNumber(signal))
		ev.Attributes["signal"] = ev.Signal
	})
}

// PauseContainer implements engine.Containers.
func (e *Engine) PauseContainer(ctx context.Context, ref engine.Ref) error {
	return e.on(ctx, "PauseContainer", ref, "", func(c *container) error {
		switch c.state {
		case engine.Paused:
			return nil
		case engine.Running:
			e.emit(c, "pause", nil) // before lists show it
			c.state = engine.Paused
			c.health.stop()
			e.touch()
			return nil
		}
		return fmt.Errorf("container %s is not running: %w", c.id, engine.ErrConflict)
	})
}

// UnpauseContainer implements engine.Containers.
func (e *Engine) UnpauseContainer(ctx context.Context, ref engine.Ref) error {
	return e.on(ctx, "UnpauseContainer", ref, "", func(c *container) error {
		switch c.state {
		case engine.Paused:
			c.unpause()
			return nil
		case engine.Running:
			return nil
		}
		return fmt.Errorf("container %s is not paused: %w", c.id, engine.ErrConflict)
	})
}

func (c *container) unpause() {
	c.state = engine.Running
	c.engine.emit(c, "unpause", nil)
	c.health.resume(c)
	c.process.thaw()
	c.engine.touch()
}
