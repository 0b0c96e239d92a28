package feed

import (
	"cmp"
	"context"
	"slices"

	"github.com/musterdev/muster/engine"
)

// News is one thing that a Reader is told: Snapshot, Happened, Lost or Unreachable.
type News interface{ news() }

// Snapshot is what is there. Nothing that was told before it is newer, if the
// Reader is Ordered.
type Snapshot struct {
	Containers []engine.Container
	// First says that it is the first, or the first after Lost: what happened before
	// it may not have been told.
	First bool
}

// Happened is an event of the engine. Its attributes are shared by all readers.
type Happened struct{ Event engine.Event }

// Lost says that the subscription ended. A Snapshot follows once there is another.
type Lost struct{}

// Unreachable says that an attempt to subscribe or to look failed. More will
// follow as long as the Reader reads.
type Unreachable struct {
	Err error
	// Subscribed says that events are told all the same.
	Subscribed bool
}

func (Snapshot) news()    {}
func (Happened) news()    {}
func (Lost) news()        {}
func (Unreachable) news() {}

// ReaderOptions say what a Reader wants to be told.
type ReaderOptions struct {
	// Keep says which containers of a list a Snapshot has; nil is all of them. What
	// it asks the engine for belongs to the look; if it fails, that failed.
	Keep func(ctx context.Context, listed []engine.Container) ([]engine.Container, error)
	// Concerns says which events are told; nil is all of them. It must be quick.
	Concerns func(engine.Event) bool
	// Ordered keeps events back from when a Snapshot is asked for until it comes, so
	// that it is never older than what was told before. Without, events come at once.
	Ordered bool
	// Resync shows a Snapshot every now and then although nobody asked: engines drop
	// events of slow readers without a word.
	Resync bool
}

// Reader is one of those who read a Feed. News wait for it as long as it likes.
type Reader struct {
	opt   ReaderOptions
	feed  *Feed
	ready chan struct{}

	// The feed's lock guards these.
	queue   []News
	pending []News // told after the next Snapshot
	joined  bool   // a Snapshot of the present subscription was told
	wants   uint64 // a Snapshot as of this stamp at least; zero is none
	hurry   bool   // it is not wanted for an event
}

// Read begins to read. A Snapshot comes first.
func (f *Feed) Read(opt ReaderOptions) *Reader {
	r := &Reader{opt: opt, feed: f, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	f.stamp++
	r.wants, r.hurry = f.stamp, true
	f.readers = append(f.readers, r)
	f.mu.Unlock()
	f.begin()
	f.wakeUp()
	return r
}

// Close ends the reading.
func (r *Reader) Close() {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	r.feed.readers = slices.DeleteFunc(r.feed.readers, func(o *Reader) bool { return o == r })
}

// Ready has an element when there may be news.
func (r *Reader) Ready() <-chan struct{} { return r.ready }

// Ended is closed when the feed is: nothing is told any more.
func (r *Reader) Ended() <-chan struct{} { return r.feed.ended }

// Take returns the news and leaves none.
func (r *Reader) Take() []News {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	all := r.queue
	r.queue = nil
	return all
}

// Next waits for news and takes them. It fails when the feed ends, or ctx, whose
// cause wins.
func (r *Reader) Next(ctx context.Context) ([]News, error) {
	select {
	case <-r.ready:
		return r.Take(), nil
	case <-ctx.Done():
	case <-r.Ended():
	}
	return nil, cmp.Or(context.Cause(ctx), ErrClosed)
}

// Look asks for a Snapshot of what is there from now on, whatever events tell.
func (r *Reader) Look() {
	r.feed.mu.Lock()
	r.feed.stamp++
	r.wants, r.hurry = r.feed.stamp, true
	r.feed.mu.Unlock()
	r.feed.wakeUp()
}

// CatchUp asks for a Snapshot that shows what events have told of. If there is one
// already, made for somebody else, the engine is not asked.
func (r *Reader) CatchUp() {
	r.feed.mu.Lock()
	r.wants = max(r.wants, r.feed.event, 1)
	r.feed.mu.Unlock()
	r.feed.wakeUp()
}

// push tells of an event, now or after the Snapshot that is awaited.
func (r *Reader) push(ev Happened) {
	switch {
	case r.opt.Concerns != nil && !r.opt.Concerns(ev.Event):
	case !r.joined || r.opt.Ordered && r.wants > 0:
		r.pending = append(r.pending, ev)
	default:
		r.tell(ev)
	}
}

// show tells of a list if it is new enough, then of what happened since it began.
// One that was corrected is shown again, unless a newer one is awaited.
func (r *Reader) show(begun uint64, seen []engine.Container) {
	if r.wants > begun {
		return
	}
	r.queue = append(r.queue, Snapshot{Containers: seen, First: !r.joined})
	r.joined, r.wants, r.hurry = true, 0, false
	r.release()
}

func (r *Reader) release() {
	r.queue = append(r.queue, r.pending...)
	r.pending = nil
	r.notify()
}

func (r *Reader) tell(n News) {
	r.queue = append(r.queue, n)
	r.notify()
}

func (r *Reader) notify() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// hasReaders reports whether anybody reads.
func (f *Feed) hasReaders() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.readers) > 0
}

// tell tells those who are concerned.
func (f *Feed) tell(concerned func(*Reader) bool, n News) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.readers {
		if concerned(r) {
			r.tell(n)
		}
	}
}

// tellLoss tells those who were shown something that the subscription is lost, and
// the others that none could be made.
func (f *Feed) tellLoss(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.readers {
		if !r.joined {
			r.pending = nil
			r.tell(Unreachable{Err: err})
			continue
		}
		r.joined = false
		r.release()
		r.tell(Lost{})
	}
}
