package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/musterdev/muster/engine"
)

// exitWait is how long after the end of its output a container's exit is waited
// for before it is looked at: the event comes right after.
const exitWait = 2 * time.Second

// emitRun emits a run's output and its exit.
func (f *follower) emitRun(ctx context.Context, s *tracked, run *runOutput, read engine.LogOptions) {
	for {
		if err := f.read(ctx, s, read); err != nil {
			return
		}
		if !read.Follow || read.Until != "" {
			return
		}
		code, up := f.exitOf(ctx, s, run)
		if ctx.Err() != nil {
			return
		}
		if !up {
			f.emitExit(ctx, s, code)
			return
		}
		read = f.restarted(ctx, s) // the connection broke, not the container
	}
}

// read emits the lines that were not emitted before. Its error says that there
// is no use in going on.
func (f *follower) read(ctx context.Context, s *tracked, read engine.LogOptions) error {
	read.Timestamps = true
	from, skip := s.upTo, s.same
	err := f.engine.Logs(ctx, s.Ref, read, func(l engine.LogLine) error {
		switch {
		case l.Time.IsZero():
		case l.Time.Before(from):
			return nil
		case l.Time.Equal(from) && skip > 0:
			skip--
			return nil
		case l.Time.Equal(s.upTo):
			s.same++
		default:
			s.upTo, s.same = l.Time, 1
		}
		return f.send(Output{Container: s.Container, Line: l})
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrUnreachable):
		return nil // it ended, is gone, or the stream of events will tell
	}
	note := fmt.Sprintf("showing new output only: %v", err)
	return errors.Join(f.send(Output{Container: s.Container, Note: note}), f.attach(ctx, s))
}

// exitOf waits for the run's exit code. up says that the container runs on.
func (f *follower) exitOf(ctx context.Context, s *tracked, run *runOutput) (code int, up bool) {
	t := time.NewTimer(exitWait)
	defer t.Stop()
	select {
	case code := <-run.code:
		return code, false
	case <-ctx.Done():
		return 0, false
	case <-t.C:
	}
	seen, err := f.engine.InspectContainer(ctx, s.Ref)
	return seen.ExitCode, err == nil && (seen.State == engine.Running || seen.State == engine.Paused)
}

// emitExit emits the exit.
func (f *follower) emitExit(ctx context.Context, s *tracked, code int) {
	seen, err := f.engine.InspectContainer(ctx, s.Ref)
	restarting := err == nil && (seen.State == engine.Running || seen.State == engine.Restarting)
	_ = f.send(Output{Container: s.Container, Exit: &Exited{Code: code, Restarting: restarting}}) // its error ends Follow
}

func (f *follower) unlogged(c engine.Container) bool {
	return f.opt.Unlogged != nil && f.opt.Unlogged(c)
}

// attachEarly attaches to a container before it starts, so that nothing is lost
// although the engine keeps nothing.
func (f *follower) attachEarly(ctx context.Context, s *tracked, up bool) {
	run := f.newRun(s)
	run.early = !up
	session, err := f.engine.AttachContainer(ctx, s.Ref, engine.SessionOptions{})
	f.wg.Go(func() {
		defer f.endRun(run)
		if err != nil {
			_ = f.send(Output{Container: s.Container, Note: fmt.Sprintf("attach to %s: %v", s.Name, err)})
			return
		}
		if f.copy(ctx, s, session) != nil {
			return
		}
		if code, up := f.exitOf(ctx, s, run); !up && code != neverRan && ctx.Err() == nil {
			f.emitExit(ctx, s, code)
		}
	})
}

// attach emits what a running container writes from now on, if that can be had.
func (f *follower) attach(ctx context.Context, s *tracked) error {
	session, err := f.engine.AttachContainer(ctx, s.Ref, engine.SessionOptions{})
	if err != nil {
		return context.Cause(ctx) // it has ended meanwhile
	}
	return f.copy(ctx, s, session)
}

func (f *follower) copy(ctx context.Context, s *tracked, session engine.Session) error {
	defer context.AfterFunc(ctx, func() { session.Close() })()
	out := &lineWriter{say: func(l engine.LogLine) error { return f.send(Output{Container: s.Container, Line: l}) }}
	errs := &lineWriter{stderr: true, say: out.say}
	err := session.Copy(out, errs)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err = errors.Join(err, out.flush(), errs.flush())
	return errors.Join(err, session.Close())
}

// lineWriter cuts a stream into lines.
type lineWriter struct {
	stderr bool
	say    func(engine.LogLine) error
	rest   []byte
}

// maxRest is the longest line that is kept together.
const maxRest = 256 << 10

func (w *lineWriter) Write(p []byte) (int, error) {
	written := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		line := p[:i]
		if len(w.rest) > 0 {
			line = append(w.rest, line...)
		}
		if err := w.say(engine.LogLine{Stderr: w.stderr, Time: time.Now(), Text: bytes.TrimSuffix(line, []byte{'\r'})}); err != nil {
			return 0, err
		}
		w.rest, p = w.rest[:0], p[i+1:]
	}
	w.rest = append(w.rest, p...)
	if len(w.rest) > maxRest {
		return written, w.flush()
	}
	return written, nil
}

// flush hands out what has no newline.
func (w *lineWriter) flush() error {
	if len(w.rest) == 0 {
		return nil
	}
	err := w.say(engine.LogLine{Stderr: w.stderr, Time: time.Now(), Text: w.rest, Partial: true})
	w.rest = w.rest[:0]
	return err
}
