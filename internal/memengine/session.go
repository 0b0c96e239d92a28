package memengine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// input is the standard input of a process.
type input struct {
	buffered []byte
	ended    bool
	// read gets what comes until the end; nil leaves it buffered.
	read func(data []byte, ended bool)
}

func (i *input) feed(data []byte) {
	i.buffered = append(i.buffered, data...)
	i.pass()
}

func (i *input) end() {
	i.ended = true
	i.pass()
}

func (i *input) pass() {
	if i.read != nil && (len(i.buffered) > 0 || i.ended) {
		data, read := i.buffered, i.read
		i.buffered = nil
		if i.ended {
			i.read = nil
		}
		read(data, i.ended)
	}
}

// copy hands everything over until the end.
func (i *input) copy(to func(data []byte, ended bool)) {
	i.read = to
	i.pass()
}

// dialog is a session with a process. Everything in it is guarded by core.mu.
type dialog struct {
	e      *core
	tty    bool
	input  *input // nil if it has none
	signal func(string)
	output []spoken
	ended  bool
	closed bool
	code   int
}

type spoken struct {
	stderr bool
	text   string
}

func (d *dialog) say(stderr bool, text string) {
	if d.tty {
		stderr, text = false, strings.ReplaceAll(text, "\n", "\r\n")
	}
	d.output = append(d.output, spoken{stderr, text})
	d.e.touch()
}

func (d *dialog) exit(code int) {
	d.ended, d.code = true, code
	d.e.touch()
}

// Write implements io.Writer: the standard input. On a terminal Ctrl-C is a signal.
func (d *dialog) Write(p []byte) (int, error) {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	switch {
	case d.closed || d.ended || d.input == nil:
		return 0, io.ErrClosedPipe
	case d.tty && string(p) == "\x03":
		d.signal("INT")
	default:
		d.input.feed(p)
	}
	return len(p), nil
}

func (d *dialog) CloseWrite() error {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	if d.input != nil && !d.ended {
		d.input.end()
	}
	return nil
}

// Close drops the session; the process goes on.
func (d *dialog) Close() error {
	d.e.mu.Lock()
	defer d.e.mu.Unlock()
	d.closed = true
	d.e.touch()
	return nil
}

func (d *dialog) Copy(stdout, stderr io.Writer) error {
	for {
		d.e.mu.Lock()
		output, over, changed := d.output, d.ended || d.closed, d.e.changed
		d.output = nil
		d.e.mu.Unlock()
		for _, o := range output {
			to := stdout
			if o.stderr {
				to = stderr
			}
			if _, err := io.WriteString(to, o.text); err != nil {
				return err
			}
		}
		if over {
			return nil
		}
		select {
		case <-changed:
		case <-d.e.end:
			return errClosed
		}
	}
}

// Resize does nothing: no program here asks for the size.
func (d *dialog) Resize(context.Context, int, int) error { return nil }

func (d *dialog) ExitCode(ctx context.Context) (int, error) {
	code := 0
	err := d.e.until(ctx, func() bool {
		code = d.code
		return d.ended
	})
	return code, err
}

// until waits for what done tells under the lock.
func (e *core) until(ctx context.Context, done func() bool) error {
	for {
		e.mu.Lock()
		over, changed := done(), e.changed
		e.mu.Unlock()
		if over {
			return nil
		}
		select {
		case <-changed:
		case <-e.end:
			return errClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// StartExec implements engine.Inside.
func (e *Engine) StartExec(ctx context.Context, ref engine.Ref, spec engine.ExecSpec, t engine.SessionOptions) (engine.Session, error) {
	d := &dialog{e: e.core, tty: t.TTY}
	if t.Stdin {
		d.input = &input{}
	}
	call := Call{Method: "StartExec", Target: e.nameOf(ref), Detail: strings.Join(spec.Command, " ")}
	err := e.call(ctx, call, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		p, err := e.begin(ref, spec, d.input, d.say, d.exit)
		if err == nil {
			d.signal = p.signal
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// StartExecDetached implements engine.Inside.
func (e *Engine) StartExecDetached(ctx context.Context, ref engine.Ref, spec engine.ExecSpec) error {
	call := Call{Method: "StartExecDetached", Target: e.nameOf(ref), Detail: strings.Join(spec.Command, " ")}
	return e.call(ctx, call, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		_, err := e.begin(ref, spec, nil, func(bool, string) {}, func(int) {})
		return err
	})
}

// AttachContainer implements engine.Inside. The container may
// not run yet.
func (e *Engine) AttachContainer(ctx context.Context, ref engine.Ref, t engine.SessionOptions) (engine.Session, error) {
	d := &dialog{e: e.core}
	err := e.on(ctx, "AttachContainer", ref, "", func(c *container) error {
		if c.state == engine.Paused {
			return fmt.Errorf("container %s is paused, unpause the container before attach: %w", c.id, engine.ErrConflict)
		}
		d.tty = c.tty
		if t.Stdin {
			d.input = c.stdin
		}
		d.signal = func(name string) { c.process.signal(name) }
		c.attached = append(c.attached, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// say is the container's own output: into its log and to who is attached.
func (c *container) say(stderr bool, text string) {
	c.log(stderr, text)
	for _, d := range c.attached {
		d.say(stderr, text)
	}
}

// leave ends the sessions of a process that is gone.
func (c *container) leave(code int) {
	for _, d := range c.attached {
		d.exit(code)
	}
	c.attached = nil
	if c.stdin != nil {
		c.stdin = &input{}
	}
}

// WaitContainer implements engine.Containers.
func (e *Engine) WaitContainer(ctx context.Context, ref engine.Ref) (int, error) {
	code := 0
	err := e.call(ctx, Call{Method: "WaitContainer", Target: e.nameOf(ref)}, func() error {
		var gone error
		seen, before := false, time.Time{}
		err := e.until(ctx, func() bool {
			c, err := e.find(ref.Key())
			if err != nil {
				gone = err
				return true
			}
			if !seen {
				seen, before = true, c.finishedAt
			}
			code = c.exitCode
			return !c.up() || !c.finishedAt.Equal(before) // restarted since, perhaps
		})
		if seen && errors.Is(gone, engine.ErrNotFound) {
			gone = nil // removed with its end
		}
		return errors.Join(err, gone)
	})
	return code, err
}
