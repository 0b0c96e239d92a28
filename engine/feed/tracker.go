package feed

import (
	"context"
	"errors"
	"fmt"
	"github.com/musterdev/muster/engine"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Observer is what a Tracker looks with.
type Observer interface {
	ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error)
	InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error)
}

const (
	// ResyncEvery is how often a waiter's world is looked at although no event
	// said so: engines drop events of slow readers without a word.
	ResyncEvery = 30 * time.Second
	// lookPause lets a burst of events lead to few looks.
	lookPause = 5 * time.Millisecond
	// lookTimeout bounds one look: an engine that is starting hangs rather than refuses.
	lookTimeout = 20 * time.Second
	// patience is how long the engine may be out of reach before waits end.
	Patience  = 30 * time.Second
	RetryMin  = 100 * time.Millisecond
	RetryMax  = 5 * time.Second
	retryDraw = 0.25 // of a delay is random, so that clients do not come back in step
)

// Limit bounds one look at the engine, and says so as the cause of its end.
func Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, lookTimeout, errors.New("the engine does not answer"))
}

var errTrackerClosed = errors.New("tracker closed")

// Tracker knows what a project's containers are like while somebody waits for
// them to be otherwise. It subscribes to the engine's events, then looks; an
// event only means "look again". When the stream breaks it does both again.
//
// It is lazy: it subscribes when somebody waits for the first time, and while
// nobody waits events cost nothing.
type Tracker struct {
	project  string
	observer Observer
	watcher  engine.Watcher
	Begin    func() // starts the goroutine that owns the stream, once
	cancel   context.CancelCauseFunc
	ended    chan struct{}

	mu      sync.Mutex
	waiters []*waiter
	dead    []engine.Ref  // of whose end an event told since the last look
	wake    chan struct{} // has an element when there may be something to do
}

// waiter is one call of Until.
type waiter struct {
	about []string             // container IDs that it cares for; nil is every one
	due   bool                 // something happened since the look it was told of last
	news  chan engine.Observed // the latest look
	lost  chan error
}

// Track returns a Tracker for the containers of a project. Its life ends with
// ctx or Close. It does not talk to the engine yet.
func Track(ctx context.Context, project string, o Observer, w engine.Watcher) *Tracker {
	ctx, cancel := context.WithCancelCause(ctx)
	t := &Tracker{project: project, observer: o, watcher: w, cancel: cancel, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	t.Begin = sync.OnceFunc(func() { go t.run(ctx) })
	return t
}

// Close ends the subscription and every wait.
func (t *Tracker) Close() {
	t.cancel(errTrackerClosed)
	t.Begin() // so that nobody begins later, and ended comes
	<-t.ended
}

// Until waits until met says so of what is observed after the call. An error of
// met ends the wait, the end of ctx too, with its cause; so does an engine that
// stays out of reach. met is called by the caller's goroutine only.
func (t *Tracker) Until(ctx context.Context, met func(engine.Observed) (bool, error)) error {
	return t.UntilOf(ctx, nil, met)
}

// UntilOf is Until for somebody who cares for certain containers only.
func (t *Tracker) UntilOf(ctx context.Context, about []string, met func(engine.Observed) (bool, error)) error {
	w := &waiter{about: about, due: true, news: make(chan engine.Observed, 1), lost: make(chan error, 1)}
	t.mu.Lock()
	t.waiters = append(t.waiters, w)
	t.mu.Unlock()
	defer t.forget(w)
	t.Begin()
	t.nudge()
	for {
		select {
		case o := <-w.news:
			if ok, err := met(o); ok || err != nil {
				return err
			}
		case err := <-w.lost:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.ended:
			return errTrackerClosed
		}
	}
}

func (t *Tracker) forget(w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiters = slices.DeleteFunc(t.waiters, func(o *waiter) bool { return o == w })
}

func (t *Tracker) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run keeps a subscription until ctx ends.
func (t *Tracker) run(ctx context.Context) {
	defer close(t.ended)
	delay, lostAt := RetryMin, time.Time{}
	for ctx.Err() == nil {
		stream, err := t.watcher.Watch(ctx, t.project)
		if err == nil {
			var looked bool
			if looked, err = t.follow(ctx, stream); looked { // the engine is well
				delay, lostAt = RetryMin, time.Time{}
			}
		}
		if lostAt.IsZero() {
			lostAt = time.Now()
		}
		if errors.Is(err, engine.ErrUnsupported) || time.Since(lostAt) >= Patience {
			t.giveUp(err)
		}
		if !t.waiting() { // nobody cares: come back when somebody does
			select {
			case <-t.wake:
			case <-ctx.Done():
			}
			delay, lostAt = RetryMin, time.Time{}
			continue
		}
		select {
		case <-time.After(Jitter(delay)):
		case <-ctx.Done():
		}
		delay = min(2*delay, RetryMax)
	}
}

func Jitter(d time.Duration) time.Duration {
	return d + time.Duration(retryDraw*rand.Float64()*float64(d))
}

// follow serves waiters as long as the stream lives. looked reports whether it
// could look at least once.
func (t *Tracker) follow(ctx context.Context, stream engine.EventStream) (looked bool, err error) {
	reading, stop := context.WithCancel(ctx)
	lost := make(chan error, 1)
	go func() { lost <- t.read(reading, stream) }()
	ended := false
	defer func() {
		stop()
		stream.Close()
		if !ended {
			<-lost
		}
	}()
	t.all() // whatever was known is of before the subscription
	resync := time.NewTicker(ResyncEvery)
	defer resync.Stop()
	for {
		some, err := t.look(ctx)
		if err != nil {
			return looked, err
		}
		looked = looked || some
		select {
		case <-t.wake:
		case <-resync.C:
			t.all()
		case err := <-lost:
			ended = true
			return looked, fmt.Errorf("follow the engine's events: %w", err)
		case <-ctx.Done():
			return looked, context.Cause(ctx)
		}
	}
}

// read marks the waiters that an event concerns. It never waits for them, so
// that the engine never waits for it.
func (t *Tracker) read(ctx context.Context, stream engine.EventStream) error {
	for {
		ev, err := stream.Next(ctx)
		if err != nil {
			return err
		}
		if !t.mark(func(w *waiter) bool { return w.about == nil || slices.Contains(w.about, ev.Container.ID) }) {
			continue
		}
		if ev.Action == "die" {
			t.mu.Lock()
			t.dead = append(t.dead, ev.Container)
			t.mu.Unlock()
		}
		t.nudge()
	}
}

func (t *Tracker) all() { t.mark(func(*waiter) bool { return true }) }

// mark reports whether anybody is due a look now.
func (t *Tracker) mark(concerned func(*waiter) bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	any := false
	for _, w := range t.waiters {
		w.due = w.due || concerned(w)
		any = any || w.due
	}
	return any
}

func (t *Tracker) waiting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiters) > 0
}

// look lists the containers for those who are due, if any, and tells them. What
// happens while it lists makes them due again.
func (t *Tracker) look(ctx context.Context) (looked bool, err error) {
	t.mu.Lock()
	var due []*waiter
	for _, w := range t.waiters {
		if w.due {
			w.due = false
			due = append(due, w)
		}
	}
	dead := t.dead
	t.dead = nil
	t.mu.Unlock()
	if len(due) == 0 {
		return false, nil
	}
	limited, cancel := Limit(ctx)
	defer cancel()
	containers, err := t.observer.ListContainers(limited, engine.ContainerFilter{Project: t.project})
	if err != nil {
		return false, fmt.Errorf("observe project %s: %w", t.project, err)
	}
	tell := func() {
		o := engine.Observed{Project: t.project, Containers: slices.Clone(containers)}
		for _, w := range due {
			w.tell(o)
		}
	}
	tell()
	stale, err := t.bury(limited, containers, dead)
	if err != nil {
		return false, err
	}
	if stale {
		tell()
	}
	select {
	case <-time.After(lookPause):
	case <-ctx.Done():
	}
	return true, nil
}

// bury corrects a list that still shows containers as running whose end was told
// of already: engines up to 20.10 announce an exit before they list it. They
// answer an inspection when they are done. stale reports whether it was needed.
func (t *Tracker) bury(ctx context.Context, containers []engine.Container, dead []engine.Ref) (stale bool, err error) {
	for _, d := range dead {
		i := slices.IndexFunc(containers, func(c engine.Container) bool { return c.ID == d.ID })
		if i < 0 || !containers[i].Up() {
			continue
		}
		seen, err := t.observer.InspectContainer(ctx, d)
		if errors.Is(err, engine.ErrNotFound) {
			continue // another event tells
		}
		if err != nil {
			return false, fmt.Errorf("observe project %s: %w", t.project, err)
		}
		c := &containers[i]
		c.State, c.Status, c.Health, c.ExitCode = seen.State, seen.Status, seen.Health, seen.ExitCode
		stale = true
	}
	return stale, nil
}

// tell replaces what the waiter has not read yet. Only the tracker's goroutine
// sends, so there is room after the drain.
func (w *waiter) tell(o engine.Observed) {
	select {
	case <-w.news:
	default:
	}
	w.news <- o
}

// giveUp ends all waits.
func (t *Tracker) giveUp(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.waiters {
		select {
		case w.lost <- err:
		default:
		}
	}
}
