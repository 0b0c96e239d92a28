package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

// Source is what a Feed asks of an engine.
type Source interface {
	engine.Watcher
	ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error)
	InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error)
}

const (
	// resyncEvery is how often everybody who wants that looks although no event said
	// so: engines drop events of slow readers without a word.
	resyncEvery = 30 * time.Second
	// lookPause is how long after a look the next one follows that an event asks for.
	lookPause = 5 * time.Millisecond
	// lookTimeout bounds one look: an engine that is starting hangs rather than refuses.
	lookTimeout = 20 * time.Second
	// retryMin and retryMax bound the delay between attempts.
	retryMin = 100 * time.Millisecond
	retryMax = 5 * time.Second
)

// ErrClosed says that nothing is told any more.
var ErrClosed = errors.New("the feed is closed")

// Limit bounds one look at the engine, and says so as the cause of its end.
func Limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, lookTimeout, errors.New("the engine does not answer"))
}

// Feed is the one subscription to the events of a project's containers, whoever
// reads. It is lazy: it subscribes when somebody reads for the first time, lists
// only for those who ask, and comes back after a loss when somebody reads. It is
// safe for concurrent use.
type Feed struct {
	project string
	engine  Source
	begin   func() // starts the goroutine that owns the stream, once
	cancel  context.CancelCauseFunc
	ended   chan struct{}
	wake    chan struct{} // has an element when there may be something to do

	mu      sync.Mutex
	readers []*Reader
	stamp   uint64                // counts what happens: events, and demands for a look from then on
	event   uint64                // the stamp of the last event
	last    list                  // the last of the present subscription; zero before
	dead    map[string]engine.Ref // of whose end an event told since the last list, by ID
}

// list is what was listed, and the stamp as of which.
type list struct {
	begun      uint64
	containers []engine.Container
}

// New returns a Feed of the project's containers. Its life ends with ctx or
// Close. It does not talk to the engine before somebody reads.
func New(ctx context.Context, project string, e Source) *Feed {
	ctx, cancel := context.WithCancelCause(ctx)
	f := &Feed{
		project: project, engine: e, cancel: cancel, ended: make(chan struct{}), wake: make(chan struct{}, 1),
		dead: map[string]engine.Ref{},
	}
	f.begin = sync.OnceFunc(func() { go f.run(ctx) })
	return f
}

// Use returns the feed that others share or, if that is nil, a new one, whose life
// ends with release or ctx.
func Use(ctx context.Context, shared *Feed, project string, e Source) (f *Feed, release func()) {
	if shared != nil {
		return shared, func() {}
	}
	f = New(ctx, project, e)
	return f, f.Close
}

// Begin subscribes now, so that the subscription stands by the time somebody reads.
func (f *Feed) Begin() { f.begin() }

// Close ends the subscription, and every wait.
func (f *Feed) Close() {
	f.cancel(ErrClosed)
	f.begin() // so that nobody begins later, and ended comes
	<-f.ended
}

func (f *Feed) wakeUp() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run keeps a subscription until ctx ends. One that stood for a while is made anew
// at once when it is lost.
func (f *Feed) run(ctx context.Context) {
	defer close(f.ended)
	retry := backoff{project: f.project}
	for ctx.Err() == nil {
		began := time.Now()
		looked, err := f.connect(ctx)
		if looked {
			retry.reset()
		}
		if ctx.Err() == nil {
			f.tellLoss(err)
		}
		switch {
		case !f.hasReaders(): // come back when somebody reads
			select {
			case <-f.wake:
			case <-ctx.Done():
			}
			retry.reset()
		case !looked || time.Since(began) < retryMin:
			select {
			case <-retry.wait():
			case <-ctx.Done():
			}
		}
	}
}

// backoff are growing delays between attempts.
type backoff struct {
	project string
	delay   time.Duration
}

func (b *backoff) reset() { b.delay = 0 }

// wait draws the delays so that the readers of several projects do not come back in step.
func (b *backoff) wait() <-chan time.Time {
	b.delay = min(max(2*b.delay, retryMin), retryMax)
	return time.After(restartpolicy.Jitter(b.delay, b.project, int(b.delay)))
}

// connect subscribes, and serves readers as long as the stream lives. looked
// reports whether they could be shown anything.
func (f *Feed) connect(ctx context.Context) (looked bool, err error) {
	stream, err := f.engine.Watch(ctx, f.project)
	if err != nil {
		return false, err
	}
	living, stop := context.WithCancelCause(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		stop(f.forward(living, stream))
	}()
	defer func() {
		stop(nil)
		_ = stream.Close() // it is not read any more
		<-gone
	}()
	f.requestAll() // whatever was shown is of before the subscription
	resync := time.NewTicker(resyncEvery)
	defer resync.Stop()
	retry := backoff{project: f.project}
	for {
		again := f.wake
		var later <-chan time.Time
		some, err := f.look(ctx) // also if the stream breaks meanwhile
		switch {
		case living.Err() != nil:
			return looked || some, context.Cause(living)
		case err != nil:
			f.tell(func(r *Reader) bool { return r.wants > 0 }, Unreachable{err, looked})
			again, later = nil, retry.wait()
		default:
			looked = looked || some
			retry.reset()
		}
		select {
		case <-again:
		case <-later:
		case <-resync.C:
			f.resync()
		case <-living.Done():
			return looked, context.Cause(living)
		}
	}
}

// forward hands events to the readers. It never waits for them, so that the
// engine never waits for it.
func (f *Feed) forward(ctx context.Context, stream engine.EventStream) error {
	for {
		ev, err := stream.Next(ctx)
		if err != nil {
			return fmt.Errorf("follow the engine's events: %w", err)
		}
		f.mu.Lock()
		f.stamp++
		f.event = f.stamp
		switch ev.Action {
		case "die":
			f.dead[ev.Container.ID] = ev.Container
		case "start", "destroy":
			delete(f.dead, ev.Container.ID)
		}
		for _, r := range f.readers {
			r.push(Happened{ev})
		}
		f.mu.Unlock()
	}
}
