package output

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/project"
)

// Output is what a container says, or that it exited.
type Output struct {
	Container engine.Container // under its final name while it replaces another
	Line      engine.LogLine   // with its time; the bytes are valid during the call only
	Exit      *Exited          // set instead of Line
	Note      string           // a remark on why there is no output, instead of Line
}

// Exited is the end of a container's process.
type Exited struct {
	Code       int
	Restarting bool // its policy or somebody starts it again
}

// FollowOptions say whose output is followed and from when.
type FollowOptions struct {
	Project string
	// Want are the project's files; nil if none were loaded. See Ours.
	Want *project.Project
	// Feed is read for what happens, and must go on for as long as Follow does; nil
	// makes one for this Follow.
	Feed *feed.Feed
	// Select says whose output is wanted; nil is everybody's.
	Select func(engine.Container) bool
	// Awaits says for whose end Follow waits; nil is everybody that Select selects.
	Awaits func(engine.Container) bool
	// Past is what is wanted of the output before Follow, as Since, Until and
	// Tail say; nil is nothing.
	Past *engine.LogOptions
	// Unlogged says whose output the engine does not keep (logging driver none).
	// They are attached to before they start.
	Unlogged func(engine.Container) bool
	// Standing is called once everything that happens from then on is followed.
	Standing func()
	// KeepOpen keeps Follow from ending before it is closed; nil does not.
	KeepOpen <-chan struct{}
	// Final reports that whoever ends now is not started again. Without it the
	// end of everybody is waited out, since it may be part of a restart.
	Final func() bool
}

// Followed is what Follow asks of an engine.
type Followed interface {
	feed.Source
	engine.ContainerLister
	Logs(ctx context.Context, c engine.Ref, opt engine.LogOptions, emit func(engine.LogLine) error) error
	// AttachContainer is for containers whose log cannot be read.
	AttachContainer(ctx context.Context, c engine.Ref, t engine.SessionOptions) (engine.Session, error)
}

// Follow emits the output of a project's containers, those made meanwhile
// included, across their restarts, each line once. emit is called by one
// goroutine at a time; its error ends Follow. Follow ends when none of the
// containers is up any more; or with the cause of ctx; or when the engine stays
// out of reach.
func Follow(ctx context.Context, e Followed, opt FollowOptions, emit func(Output) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	f := &follower{
		engine: e, opt: opt, emit: emit, cancel: cancel, keptOpen: opt.KeepOpen != nil, asked: true,
		known: map[string]*tracked{}, finished: make(chan struct{}, 1),
	}
	defer f.wg.Wait()
	defer cancel(nil)
	source, release := feed.Use(ctx, opt.Feed, opt.Project, e)
	defer release()
	f.news = source.Read(feed.ReaderOptions{Ordered: true, Resync: true, Keep: f.ours})
	defer f.news.Close()
	return f.run(ctx)
}

// follower is the state of one Follow. What is not the runs' is its loop's alone.
type follower struct {
	engine   Followed
	opt      FollowOptions
	cancel   context.CancelCauseFunc
	news     *feed.Reader
	keptOpen bool
	begun    bool
	stopped  bool                // somebody asked for the last exit: a restart may be under way
	known    map[string]*tracked // by container ID
	finished chan struct{}       // has an element when a run may have ended
	wg       sync.WaitGroup

	listed []engine.Container // last
	fresh  bool               // nothing has happened since that listed does not show
	doubt  bool               // an event may be missing that is to be known of
	asked  bool               // for a list
	unsure bool               // an event did not tell whether its container is the project's

	mu   sync.Mutex
	emit func(Output) error
}

// restartTime is how long after a requested exit a start may follow that belongs
// to it: a restart asked of the engine is a stop and a start, told apart by
// nothing but what comes next.
const restartTime = 2 * time.Second

// run follows until everybody is gone, or the engine is.
func (f *follower) run(ctx context.Context) error {
	var outage feed.OutageTimer
	var linger <-chan time.Time // runs while everybody is gone and may come back
	lingered := false
	keepOpen := f.opt.KeepOpen
	for {
		over, known := f.allDone(ctx)
		switch {
		case !known:
		case !over:
			linger, lingered = nil, false
		case lingered || !f.stopped || f.opt.Final != nil && f.opt.Final():
			return context.Cause(ctx)
		case linger == nil:
			linger = time.After(restartTime)
		}
		select {
		case <-linger:
			lingered = true
			f.fresh, f.doubt = false, true
		case <-f.news.Ready():
			for _, n := range f.news.Take() {
				if err := outage.Check(n); err != nil {
					return fmt.Errorf("follow the output of project %s: %w", f.opt.Project, err)
				}
				if _, lost := n.(feed.Lost); lost {
					linger, lingered = nil, false
				}
				f.handleNews(ctx, n)
			}
		case <-f.finished:
			f.fresh, f.doubt = false, true
		case <-keepOpen: // whoever kept it open may have done what is not told yet
			f.keptOpen, keepOpen = false, nil
			f.fresh, f.doubt = false, true
		case <-f.news.Ended():
			return cmp.Or(context.Cause(ctx), feed.ErrClosed)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// handleNews takes over what the feed tells.
func (f *follower) handleNews(ctx context.Context, n feed.News) {
	switch n := n.(type) {
	case feed.Snapshot:
		if n.First || f.unsure || !f.asked {
			f.look(ctx, n.Containers)
		}
		f.listed, f.fresh, f.asked, f.unsure = n.Containers, !f.doubt, false, false
		if !f.begun && f.opt.Standing != nil {
			f.opt.Standing()
		}
		f.begun = true
	case feed.Happened:
		if !f.expected(n.Event) {
			f.fresh = false
		}
		f.handleEvent(ctx, n.Event)
	case feed.Lost:
		f.fresh, f.asked = false, true // a list comes by itself
	}
}

// send emits one thing after the other. An error of emit ends everything.
func (f *follower) send(o Output) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.emit(o)
	if err != nil {
		f.cancel(err)
	}
	return err
}
