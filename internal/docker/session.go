package docker

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/musterdev/muster/engine"
)

// stream is a Session over a hijacked connection.
type stream struct {
	types.HijackedResponse
	tty    bool
	leave  []byte // the keys that detach, with a terminal
	resize func(context.Context, container.ResizeOptions) error
	exit   func(context.Context) (int, error)
	once   sync.Once
}

// Write implements io.Writer: the standard input.
func (s *stream) Write(p []byte) (int, error) { return s.Conn.Write(p) }

// Close drops the connection; the process goes on.
func (s *stream) Close() error {
	s.once.Do(s.HijackedResponse.Close)
	return nil
}

func (s *stream) CloseWrite() error { return s.HijackedResponse.CloseWrite() }

func (s *stream) Copy(stdout, stderr io.Writer) error {
	var err error
	if s.tty {
		_, err = io.Copy(stdout, s.Reader)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, s.Reader)
	}
	return err
}

func (s *stream) Resize(ctx context.Context, columns, rows int) error {
	return s.resize(ctx, container.ResizeOptions{Width: uint(columns), Height: uint(rows)})
}

func (s *stream) ExitCode(ctx context.Context) (int, error) { return s.exit(ctx) }

func execOptions(spec engine.ExecSpec) container.ExecOptions {
	return container.ExecOptions{
		User: spec.User, Privileged: spec.Privileged, WorkingDir: spec.WorkingDir, Env: spec.Environment, Cmd: spec.Command,
	}
}

// StartExec implements engine.Inside.
func (e *Engine) StartExec(ctx context.Context, c engine.Ref, spec engine.ExecSpec, t engine.SessionOptions) (engine.Session, error) {
	verb := doing("run a command in", c)
	keys, leave, err := e.detachKeys(t.DetachKeys)
	if err != nil {
		return nil, err
	}
	opt := execOptions(spec)
	opt.Tty, opt.AttachStdin, opt.AttachStdout, opt.AttachStderr, opt.DetachKeys = t.TTY, t.Stdin, true, true, keys
	made, err := call(ctx, e, change(), verb, func(ctx context.Context, d *client.Client) (container.ExecCreateResponse, error) {
		return d.ContainerExecCreate(ctx, c.Key(), opt)
	})
	if err != nil {
		return nil, err
	}
	// The connection outlives any deadline of a call.
	conn, err := call(ctx, e, long(), verb, func(ctx context.Context, d *client.Client) (types.HijackedResponse, error) {
		return d.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{Tty: t.TTY})
	})
	if err != nil {
		return nil, err
	}
	return &stream{
		HijackedResponse: conn, tty: t.TTY, leave: leave,
		resize: func(ctx context.Context, size container.ResizeOptions) error {
			return e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error { return d.ContainerExecResize(ctx, made.ID, size) })
		},
		exit: func(ctx context.Context) (int, error) {
			done, err := call(ctx, e, read(), verb, func(ctx context.Context, d *client.Client) (container.ExecInspect, error) {
				return d.ContainerExecInspect(ctx, made.ID)
			})
			return done.ExitCode, err
		},
	}, nil
}

// StartExecDetached implements engine.Inside.
func (e *Engine) StartExecDetached(ctx context.Context, c engine.Ref, spec engine.ExecSpec) error {
	return e.do(ctx, change(), doing("run a command in", c), func(ctx context.Context, d *client.Client) error {
		made, err := d.ContainerExecCreate(ctx, c.Key(), execOptions(spec))
		if err != nil {
			return err
		}
		return d.ContainerExecStart(ctx, made.ID, container.ExecStartOptions{Detach: true})
	})
}

// AttachContainer implements engine.Inside.
func (e *Engine) AttachContainer(ctx context.Context, c engine.Ref, t engine.SessionOptions) (engine.Session, error) {
	verb := doing("attach to", c)
	keys, leave, err := e.detachKeys(t.DetachKeys)
	if err != nil {
		return nil, err
	}
	exit := e.exitOf(c, verb)
	if t.Remove {
		exit = e.removalOf(ctx, c, verb)
	}
	conn, err := call(ctx, e, long(), verb, func(ctx context.Context, d *client.Client) (types.HijackedResponse, error) {
		return d.ContainerAttach(ctx, c.Key(), container.AttachOptions{
			Stream: true, Stdin: t.Stdin, Stdout: true, Stderr: true, DetachKeys: keys,
		})
	})
	if err != nil {
		return nil, err
	}
	return &stream{
		HijackedResponse: conn, tty: t.TTY, leave: leave, exit: exit,
		resize: func(ctx context.Context, size container.ResizeOptions) error {
			return e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error { return d.ContainerResize(ctx, c.Key(), size) })
		},
	}, nil
}

// WaitContainer implements engine.Containers.
func (e *Engine) WaitContainer(ctx context.Context, c engine.Ref) (int, error) {
	return e.wait(ctx, c, container.WaitConditionNotRunning, doing("wait for", c))
}

// exitOf waits for a container that stays after its end.
func (e *Engine) exitOf(c engine.Ref, verb string) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		return e.wait(ctx, c, container.WaitConditionNotRunning, verb)
	}
}

// removalOf waits, from now on, for a container that the engine will remove.
func (e *Engine) removalOf(ctx context.Context, c engine.Ref, verb string) func(context.Context) (int, error) {
	type outcome struct {
		code int
		err  error
	}
	done := make(chan outcome, 1)
	go func() { // ends with the container or ctx
		code, err := e.wait(ctx, c, container.WaitConditionRemoved, verb)
		done <- outcome{code, err}
	}()
	return func(ctx context.Context) (int, error) {
		select {
		case o := <-done:
			return o.code, o.err
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func (e *Engine) wait(ctx context.Context, c engine.Ref, until container.WaitCondition, verb string) (int, error) {
	return call(ctx, e, long(), verb, func(ctx context.Context, d *client.Client) (int, error) {
		answers, errs := d.ContainerWait(ctx, c.Key(), until)
		select {
		case a := <-answers:
			if a.Error != nil {
				return 0, errors.New(a.Error.Message)
			}
			return int(a.StatusCode), nil
		case err := <-errs:
			return 0, err
		}
	})
}
