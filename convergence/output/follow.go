package output

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/project"
)

// Output is what a container says, or that it exited.
type Output struct {
	Container engine.Container // under its final name while it replaces another
	Line      engine.LogLine   // with its time; the bytes are valid during the call only
	Exit      *Exit            // set instead of Line
	Note      string           // a remark on why there is no output, instead of Line
}

// Exit is the end of a container's process.
type Exit struct {
	Code       int
	Restarting bool // its policy or somebody starts it again
}

// FollowOptions say whose output is followed and from when.
type FollowOptions struct {
	Project string
	// Want are the project's files; nil if none were loaded. See Ours.
	Want *project.Project
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
	// Hold keeps Follow from ending before it is closed; nil holds nothing.
	Hold <-chan struct{}
	// Final reports that whoever ends now is not started again. Without it the
	// end of everybody is waited out, since it may be part of a restart.
	Final func() bool
}

// Followed is what Follow asks of an engine.
type Followed interface {
	engine.Watcher
	feed.Observer
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
		engine: e, opt: opt, emit: emit, cancel: cancel, held: opt.Hold != nil,
		known: map[string]*speaker{}, finished: make(chan struct{}, 1),
	}
	defer f.wg.Wait()
	defer cancel(nil)
	delay, lostAt := feed.RetryMin, time.Time{}
	for {
		ended, looked, err := f.connect(ctx)
		if ended || ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if looked {
			delay, lostAt = feed.RetryMin, time.Time{}
		}
		if lostAt.IsZero() {
			lostAt = time.Now()
		}
		if errors.Is(err, engine.ErrUnsupported) || time.Since(lostAt) >= feed.Patience {
			return fmt.Errorf("follow the output of project %s: %w", opt.Project, err)
		}
		if err := apply.Sleep(ctx, feed.Jitter(delay)); err != nil {
			return err
		}
		delay = min(2*delay, feed.RetryMax)
	}
}

// follower is the state of one Follow. known is its loop's alone.
type follower struct {
	engine   Followed
	opt      FollowOptions
	cancel   context.CancelCauseFunc
	held     bool
	begun    bool
	stopped  bool                // somebody asked for the last exit: a restart may be under way
	known    map[string]*speaker // by container ID
	finished chan struct{}       // has an element when a run may have ended
	wg       sync.WaitGroup

	mu   sync.Mutex
	emit func(Output) error
}

// speaker is a container whose output is followed.
type speaker struct {
	engine.Container
	old  bool      // it was there before Follow
	ran  time.Time // when its run before Follow began, if that was over by then
	last *speech
	// What was emitted last, to go on from there: read and written by the runs,
	// which come one after the other.
	upTo time.Time
	same int // lines emitted of that very time
}

// speech is one run of a container.
type speech struct {
	before *speech
	code   chan int      // its exit code, once an event told
	done   chan struct{} // closed when everything is emitted
	early  bool          // attached to before the start
	died   bool          // its exit was heard of
}

func (s *speech) open() bool {
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

// connect subscribes, looks, and follows until the stream breaks or everybody
// is gone.
func (f *follower) connect(ctx context.Context) (ended, looked bool, err error) {
	stream, err := f.engine.Watch(ctx, f.opt.Project)
	if err != nil {
		return false, false, err
	}
	reading, stop := context.WithCancel(ctx)
	events, lost := make(chan engine.Event), make(chan error, 1)
	f.wg.Go(func() { lost <- forward(reading, stream, events) })
	defer func() {
		stop()
		stream.Close()
	}()
	if err := f.look(ctx); err != nil {
		return false, false, err
	}
	if !f.begun && f.opt.Standing != nil {
		f.opt.Standing()
	}
	f.begun = true
	resync := time.NewTicker(feed.ResyncEvery)
	defer resync.Stop()
	hold := f.opt.Hold
	var linger <-chan time.Time // runs while everybody is gone and may come back
	lingered := false
	for {
		over, err := f.over(ctx)
		switch {
		case err != nil:
			return false, true, err
		case !over:
			linger, lingered = nil, false
		case lingered || !f.stopped || f.opt.Final != nil && f.opt.Final():
			return true, true, nil
		case linger == nil:
			linger = time.After(restartTime)
		}
		select {
		case <-linger:
			lingered = true
		case ev := <-events:
			if err := f.hear(ctx, ev); err != nil {
				return false, true, err
			}
		case <-f.finished:
		case <-hold:
			f.held, hold = false, nil
		case <-resync.C:
			if err := f.look(ctx); err != nil {
				return false, true, err
			}
		case err := <-lost:
			return false, true, err
		case <-ctx.Done():
			return false, true, context.Cause(ctx)
		}
	}
}

// restartTime is how long after a requested exit a start may follow that belongs
// to it: a restart asked of the engine is a stop and a start, told apart by
// nothing but what comes next.
const restartTime = 2 * time.Second

func forward(ctx context.Context, stream engine.EventStream, to chan<- engine.Event) error {
	for {
		ev, err := stream.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case to <- ev:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (f *follower) selects(c engine.Container) bool { return f.opt.Select == nil || f.opt.Select(c) }

func (f *follower) awaits(c engine.Container) bool { return f.opt.Awaits == nil || f.opt.Awaits(c) }

func (f *follower) list(ctx context.Context) ([]engine.Container, error) {
	limited, cancel := feed.Limit(ctx)
	defer cancel()
	return engine.ListOurs(limited, f.engine, f.opt.Project, f.opt.Want)
}

// over reports whether nobody speaks any more, nor will by himself.
func (f *follower) over(ctx context.Context) (bool, error) {
	if f.held {
		return false, nil
	}
	for _, s := range f.known {
		if f.awaits(s.Container) && s.last.open() && !s.last.early {
			return false, nil
		}
	}
	cs, err := f.list(ctx)
	if err != nil {
		return false, err
	}
	for _, c := range cs {
		_, successor := project.FinalName(c.Name)
		if f.selects(c) && f.awaits(c) && (c.Up() || successor && c.State == engine.Created) {
			return false, nil // its start is still to be heard of
		}
	}
	for _, c := range cs { // which may need an inspection
		if !f.selects(c) || c.State != engine.Exited {
			continue
		}
		if unheard, err := f.unheard(ctx, c); err != nil || unheard {
			return false, err
		}
	}
	return true, nil
}

// unheard reports whether a container that is down ran and ended since Follow
// began, and the events of that are still to come: its output is yet to be read.
func (f *follower) unheard(ctx context.Context, c engine.Container) (bool, error) {
	s := f.known[c.ID]
	switch {
	case s == nil:
		return true, nil
	case s.last != nil || !s.old:
		return s.last == nil, nil
	case s.ran.IsZero(): // it is not awaited
		return false, nil
	}
	limited, cancel := feed.Limit(ctx)
	defer cancel()
	seen, err := f.engine.InspectContainer(limited, c.Ref)
	if errors.Is(err, engine.ErrNotFound) {
		return false, nil
	}
	return err == nil && !seen.StartedAt.Equal(s.ran), err
}

// look begins to follow who is up and not followed.
func (f *follower) look(ctx context.Context) error {
	cs, err := f.list(ctx)
	if err != nil {
		return err
	}
	before := f.before(ctx, cs)
	for _, c := range cs {
		if !f.selects(c) {
			continue
		}
		s := f.known[c.ID]
		if s == nil {
			s = f.meet(c)
			s.old, s.upTo, s.ran = !f.begun, before[c.ID].upTo, before[c.ID].ran
			f.first(ctx, s)
			continue
		}
		switch {
		case c.Up() && !s.last.open():
			f.begin(ctx, s, f.restarted)
		case !c.Up() && s.last.open() && !s.last.early: // its exit was missed
			s.last.exited(c.ExitCode)
			f.stopped = true // as far as anybody knows
		}
	}
	return nil
}

// past is the last run of a container that is down when Follow begins: when it
// began, and from when on what is logged is of the next one. Engines write the last
// words of a run down after its end: no time that an inspection tells parts the two.
type past struct{ ran, upTo time.Time }

func (f *follower) before(ctx context.Context, cs []engine.Container) map[string]past {
	all := map[string]past{}
	if f.begun || f.opt.Past != nil {
		return all
	}
	limited, cancel := feed.Limit(ctx)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	places := apply.NewSlots(apply.DefaultLimit)
	for _, c := range cs {
		if !f.selects(c) || c.State != engine.Exited {
			continue
		}
		free, err := places.Take(limited)
		if err != nil {
			break
		}
		wg.Go(func() {
			defer free()
			p := f.lastRun(limited, c)
			mu.Lock()
			defer mu.Unlock()
			all[c.ID] = p
		})
	}
	wg.Wait()
	return all
}

// lastRun asks for it. What cannot be read now will say so when it is followed.
func (f *follower) lastRun(ctx context.Context, c engine.Container) past {
	var p past
	if f.awaits(c) {
		if seen, err := f.engine.InspectContainer(ctx, c.Ref); err == nil {
			p.ran = seen.StartedAt
		}
	}
	if f.unlogged(c) {
		return p
	}
	_ = f.engine.Logs(ctx, c.Ref, engine.LogOptions{Tail: 1, Timestamps: true}, func(l engine.LogLine) error {
		if !l.Time.IsZero() {
			p.upTo = l.Time.Add(1)
		}
		return nil
	})
	return p
}

// meet makes the acquaintance of a container.
func (f *follower) meet(c engine.Container) *speaker {
	if final, temporary := project.FinalName(c.Name); temporary {
		c.Name = final
	}
	s := &speaker{Container: c}
	f.known[c.ID] = s
	return s
}

// first begins to follow a container that is seen for the first time.
func (f *follower) first(ctx context.Context, s *speaker) {
	up := s.Up()
	switch {
	case f.unlogged(s.Container):
		f.attachEarly(ctx, s, up)
	case s.old && f.opt.Past != nil:
		read := *f.opt.Past
		read.Follow = up
		f.begin(ctx, s, func(context.Context, *speaker) engine.LogOptions { return read })
	case s.old && up:
		f.begin(ctx, s, func(context.Context, *speaker) engine.LogOptions { return engine.LogOptions{Follow: true, Tail: 0} })
	case up:
		f.begin(ctx, s, f.restarted)
	}
}

// hear does what an event asks for. An event alone does not always tell whether
// the container is the project's: then a look does.
func (f *follower) hear(ctx context.Context, ev engine.Event) error {
	s := f.known[ev.Container.ID]
	if s == nil {
		c := engine.ContainerOf(ev, f.opt.Project)
		if !engine.Managed(c) || !f.selects(c) {
			return nil
		}
		if !engine.Vouched(c, f.opt.Want) {
			if ev.Action != "start" {
				return nil
			}
			return f.look(ctx)
		}
		s = f.meet(c)
	}
	switch ev.Action {
	case "create":
		if f.unlogged(s.Container) && s.last == nil {
			f.attachEarly(ctx, s, false)
		}
	case "kill":
		f.stopped = true
	case "start":
		f.stopped = false
		if s.last.open() && !s.last.died { // attached to before, or seen in a list
			s.last.early = false
			return nil
		}
		f.begin(ctx, s, f.restarted)
	case "die":
		if s.last == nil && !s.old { // it had ended before a look showed it
			f.begin(ctx, s, f.restarted)
		}
		if s.last != nil {
			s.last.exited(ev.ExitCode)
		}
	case "destroy":
		if s.last.open() && s.last.early {
			s.last.exited(neverRan)
		}
	}
	return nil
}

// neverRan stands for the exit code of a container that was removed unused.
const neverRan = -1

func (s *speech) exited(code int) {
	s.died = true
	select {
	case s.code <- code:
	default: // told already
	}
}

// restarted reads on from what was emitted last, or else from the last exit.
func (f *follower) restarted(ctx context.Context, s *speaker) engine.LogOptions {
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

// begin follows a run of the container once the one before it is done.
func (f *follower) begin(ctx context.Context, s *speaker, from func(context.Context, *speaker) engine.LogOptions) {
	run := f.next(s)
	f.wg.Go(func() {
		defer f.end(run)
		if run.before != nil {
			select {
			case <-run.before.done:
			case <-ctx.Done():
				return
			}
			run.before = nil // or every run would keep all before it
		}
		f.listen(ctx, s, run, from(ctx, s))
	})
}

func (f *follower) next(s *speaker) *speech {
	s.last = &speech{before: s.last, code: make(chan int, 1), done: make(chan struct{})}
	return s.last
}

func (f *follower) end(run *speech) {
	close(run.done)
	select {
	case f.finished <- struct{}{}:
	default:
	}
}

// say emits one thing after the other. An error of emit ends everything.
func (f *follower) say(o Output) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.emit(o)
	if err != nil {
		f.cancel(err)
	}
	return err
}
