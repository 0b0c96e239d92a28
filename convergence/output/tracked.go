package output

import (
	"context"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// tracked is a container whose output is followed.
type tracked struct {
	engine.Container
	old  bool      // it was there before Follow
	ran  time.Time // when its run before Follow began, if that was over by then
	last *runOutput
	// What was emitted last, to go on from there: read and written by the runs,
	// which come one after the other.
	upTo time.Time
	same int // lines emitted of that very time
}

// runOutput is the output of one run of a container.
type runOutput struct {
	before *runOutput
	code   chan int      // its exit code, once an event told
	done   chan struct{} // closed when everything is emitted
	early  bool          // attached to before the start
	died   bool          // its exit was heard of
}

func (s *runOutput) open() bool {
	if s == nil {
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// track begins to keep account of a container.
func (f *follower) track(c engine.Container) *tracked {
	if final, temporary := project.FinalName(c.Name); temporary {
		c.Name = final
	}
	s := &tracked{Container: c}
	f.known[c.ID] = s
	return s
}

// followFirst begins to follow a container that is seen for the first time.
func (f *follower) followFirst(ctx context.Context, s *tracked) {
	up := s.Up()
	switch {
	case f.unlogged(s.Container):
		f.attachEarly(ctx, s, up)
	case s.old && f.opt.Past != nil:
		read := *f.opt.Past
		read.Follow = up
		f.followRun(ctx, s, func(context.Context, *tracked) engine.LogOptions { return read })
	case s.old && up:
		f.followRun(ctx, s, func(context.Context, *tracked) engine.LogOptions { return engine.LogOptions{Follow: true, Tail: 0} })
	case up:
		f.followRun(ctx, s, f.restarted)
	}
}

// neverRan stands for the exit code of a container that was removed unused.
const neverRan = -1

func (s *runOutput) exited(code int) {
	s.died = true
	select {
	case s.code <- code:
	default: // told already
	}
}

// restarted reads on from what was emitted last, or else from the last exit.
func (f *follower) restarted(ctx context.Context, s *tracked) engine.LogOptions {
	read := engine.LogOptions{Follow: true, Tail: -1}
	since := s.upTo
	if since.IsZero() && s.old {
		if seen, err := f.engine.InspectContainer(ctx, s.Ref); err == nil {
			since = seen.FinishedAt
		}
	}
	if !since.IsZero() {
		read.Since = since.Format(time.RFC3339Nano)
	}
	return read
}

// followRun follows a run of the container once the one before it is done.
func (f *follower) followRun(ctx context.Context, s *tracked, from func(context.Context, *tracked) engine.LogOptions) {
	run := f.newRun(s)
	f.wg.Go(func() {
		defer f.endRun(run)
		if run.before != nil {
			select {
			case <-run.before.done:
			case <-ctx.Done():
				return
			}
			run.before = nil // or every run would keep all before it
		}
		f.emitRun(ctx, s, run, from(ctx, s))
	})
}

func (f *follower) newRun(s *tracked) *runOutput {
	s.last = &runOutput{before: s.last, code: make(chan int, 1), done: make(chan struct{})}
	return s.last
}

func (f *follower) endRun(run *runOutput) {
	close(run.done)
	select {
	case f.finished <- struct{}{}:
	default:
	}
}
