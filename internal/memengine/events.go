package memengine

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// streamBuffer is how many events the engine keeps for a slow reader before it
// drops the next ones silently.
const streamBuffer = 1024

// Watch implements engine.Events.
func (e *Engine) Watch(ctx context.Context, project string) (engine.EventStream, error) {
	s := newStream(project)
	err := e.call(ctx, Call{Method: "Watch", Target: project}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.streams = append(e.streams, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.bind(ctx, s)
	return s, nil
}

func newStream(project string) *stream {
	return &stream{project: project, events: make(chan engine.Event, streamBuffer), done: make(chan struct{})}
}

// bind ends the stream with its context.
func (e *core) bind(ctx context.Context, s *stream) {
	s.release = context.AfterFunc(ctx, func() { s.end(context.Cause(ctx)) })
	s.forget = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.streams = slices.DeleteFunc(e.streams, func(o *stream) bool { return o == s })
	}
}

// BreakStreams ends every event stream as a lost connection does.
func (e *Engine) BreakStreams() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.endStreams(io.ErrUnexpectedEOF)
}

// Streams is the number of open event streams.
func (e *Engine) Streams() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.streams)
}

// Tamper puts f between the engine and its event streams: f returns the events
// to deliver now in place of the one it is given, so it can drop, repeat, hold
// back and reorder. It runs under the engine's lock and must not call the
// engine. Nil delivers everything again.
func (e *Engine) Tamper(f func(engine.Event) []engine.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tamper = f
}

// Emit delivers an event that nothing caused, untampered.
func (e *Engine) Emit(ev engine.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deliver(ev)
}

func (e *core) endStreams(err error) {
	for _, s := range e.streams {
		s.end(err)
	}
	e.streams = nil
}

// emit announces what happened to a container. The caller holds mu.
func (e *core) emit(c *container, action string, change func(*engine.Event)) {
	ev := engine.Event{
		Container:  engine.Ref{ID: c.id, Name: c.name},
		Service:    c.labels[project.LabelService],
		Action:     action,
		Time:       e.stamp(),
		Attributes: c.announced(),
	}
	if change != nil {
		change(&ev)
	}
	e.remember(ev)
	events := []engine.Event{ev}
	if e.tamper != nil {
		events = e.tamper(ev)
	}
	for _, ev := range events {
		e.deliver(ev)
	}
}

func (e *core) deliver(ev engine.Event) {
	for _, s := range e.streams {
		if !s.concerns(ev) {
			continue
		}
		select {
		case s.events <- ev:
		default: // the reader is too slow: lost, and nobody is told
		}
	}
}

type stream struct {
	project string
	events  chan engine.Event
	once    sync.Once
	done    chan struct{} // closed after err is set
	err     error
	release func() bool
	forget  func()
}

var errStreamClosed = errors.New("event stream closed")

// Next implements engine.EventStream: events that were delivered before
// the stream ended come before its error.
func (s *stream) Next(ctx context.Context) (engine.Event, error) {
	select {
	case ev := <-s.events:
		return ev, nil
	default:
	}
	select {
	case ev := <-s.events:
		return ev, nil
	case <-s.done:
		select {
		case ev := <-s.events:
			return ev, nil
		default:
			return engine.Event{}, s.err
		}
	case <-ctx.Done():
		return engine.Event{}, context.Cause(ctx)
	}
}

// Close implements engine.EventStream.
func (s *stream) Close() error {
	s.release()
	s.end(errStreamClosed)
	s.forget()
	return nil
}

func (s *stream) end(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
	})
}
