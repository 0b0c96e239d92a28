package supervise

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// suspendDrift is how far the clocks may drift apart before a suspend is assumed.
const suspendDrift = 30 * time.Second

// Supervised is what a supervisor asks of an engine.
type Supervised interface {
	engine.ContainerLister
	InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error)
	StartContainer(ctx context.Context, c engine.Ref) error
	StopContainer(ctx context.Context, c engine.Ref, grace *time.Duration) error
	RestartContainer(ctx context.Context, c engine.Ref, grace *time.Duration) error
	SetRestartPolicy(ctx context.Context, c engine.Ref, policy string) error
	apply.Executor // of hooks
	engine.Watcher
}

// SuperviseOptions are the choices of a Supervisor. The zero value supervises
// the whole project and tells nobody.
type SuperviseOptions struct {
	// Services narrows the supervision; empty is all of them.
	Services []string
	// Record is told of everything that the supervisor sees, decides and does. It
	// is called by one goroutine at a time and must not block for long.
	Record func(Record)
	// Exclusive takes the project's operation lock around an action, so that no
	// command works on the same containers meanwhile. It blocks until the lock is
	// free and returns what frees it; nil takes none.
	Exclusive func(ctx context.Context) (release func(), err error)
	// Busy is told when it changes whether a container runs or is going to be
	// started; at first that is assumed. It must not block.
	Busy func(bool)
	// BusyWith are the services that Busy is about; empty is all of them.
	BusyWith []string
	// HookOutput says where the output of a hook goes; nil drops it.
	HookOutput func(plan.RunHook) io.WriteCloser
	// Models delivers new definitions of the project while it is supervised.
	Models <-chan *project.Project
	// Feed is read for what happens, and must go on for as long as Run does; nil
	// makes one for this Run.
	Feed *feed.Feed
	// Resync is how often everything is listed again although no event said so;
	// zero is 30 seconds.
	Resync time.Duration
}

// Supervisor keeps a project's containers true to their restart policies,
// health options and dependencies. It owns no state beyond its memory: labels
// and the engine's configuration say who owns a container's restarts, so that
// a supervisor that was killed and started again ends in the same state.
type Supervisor struct {
	engine Supervised
	opt    SuperviseOptions
	inbox  mailbox
	status chan chan []Supervision
}

// NewSupervisor returns a supervisor that Run has not started yet.
func NewSupervisor(e Supervised, opt SuperviseOptions) *Supervisor {
	if opt.Resync == 0 {
		opt.Resync = 30 * time.Second
	}
	if opt.Record == nil {
		opt.Record = func(Record) {}
	}
	if opt.Busy == nil {
		opt.Busy = func(bool) {}
	}
	return &Supervisor{engine: e, opt: opt, inbox: newMailbox(), status: make(chan chan []Supervision)}
}

// Supervise runs a Supervisor for the project until ctx ends, whose cause it
// returns. The containers are left as they are.
func Supervise(ctx context.Context, want *project.Project, e Supervised, opt SuperviseOptions) error {
	return NewSupervisor(e, opt).Run(ctx, want)
}

// Status returns what the supervisor knows and plans, by container name. One that
// has just begun answers when it has looked at every container, or found that the
// engine is away: from then on it notices what becomes of them. It fails when ctx
// ends before the supervisor answers.
func (s *Supervisor) Status(ctx context.Context) ([]Supervision, error) {
	answer := make(chan []Supervision, 1)
	select {
	case s.status <- answer:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return <-answer, nil
}

// Stopped tells the supervisor that a user wants the services' containers down,
// all services' if none is named. Of a container that is down already, and waits
// for its restart, the engine would tell nothing.
func (s *Supervisor) Stopped(services ...string) { s.inbox.put(stoppedByUser{services}) }

// loop is the state of a running supervisor. One goroutine owns it; calls to
// the engine run in goroutines of their own and come back as messages.
type loop struct {
	sup    *Supervisor
	roster roster
	ctx    context.Context // of Run; ends every goroutine that the loop starts
	wg     sync.WaitGroup
	origin time.Time
	name   string                          // of the project, which a new definition cannot change
	model  atomic.Pointer[project.Project] // want, for who works beside the loop
	looks  chan struct{}                   // has room for as many inspections as may be under way

	engineState  restartpolicy.EngineState
	news         *feed.Reader
	reconnects   bool // the next connection to the engine is not the first
	lostAt       time.Duration
	budget       restartpolicy.Budget
	breaker      restartpolicy.Breaker
	wake         time.Duration // when to decide again at the latest; zero is never
	listing      bool
	relist       bool // and again after that
	resyncs      int  // lists that no event asked for
	idle         bool // what Busy was told last, negated
	inspectedAll bool // every container there was at first has been looked at
}

// Run supervises until ctx ends and returns its cause. No goroutine outlives it.
// It may be called once.
func (s *Supervisor) Run(ctx context.Context, want *project.Project) error {
	working, cancel := context.WithCancel(ctx)
	l := &loop{
		sup: s, ctx: working, origin: time.Now(), name: want.Name, roster: roster{services: s.opt.Services, wards: map[string]*ward{}},
		engineState: restartpolicy.EngineResync, looks: make(chan struct{}, maxLooks),
	}
	defer l.release(ctx)
	defer l.wg.Wait()
	defer cancel()
	l.replaceProject(want)
	defer l.read(working)()
	resync := time.NewTimer(l.resyncIn())
	defer resync.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	last := time.Now()
	for {
		if last = l.noticeSuspend(last); l.engineState == restartpolicy.EngineUp {
			l.decide()
			if busy := l.busy(); busy == l.idle {
				l.idle = !busy
				l.sup.opt.Busy(busy)
			}
		}
		timer.Reset(l.untilWake())
		select {
		case <-s.inbox.ready:
			for _, m := range s.inbox.take() {
				m.handle(l)
			}
		case <-l.news.Ready():
			for _, n := range l.news.Take() {
				if err := l.handleNews(n); err != nil {
					return err
				}
			}
		case <-l.news.Ended():
			return cmp.Or(context.Cause(ctx), feed.ErrClosed)
		case answer := <-l.asked():
			answer <- l.supervisions()
		case p, open := <-s.opt.Models:
			if !open {
				s.opt.Models = nil
				continue
			}
			l.replaceProject(p)
		case <-resync.C:
			l.resyncs++
			l.list()
			resync.Reset(l.resyncIn())
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// asked is where questions come from once there is an answer; nil before.
func (l *loop) asked() <-chan chan []Supervision {
	if l.inspectedAll = l.inspectedAll || !l.inspecting(); !l.inspectedAll {
		return nil
	}
	return l.sup.status
}

// inspecting reports whether there are containers that have not been looked at yet,
// and could be.
func (l *loop) inspecting() bool {
	switch l.engineState {
	case restartpolicy.EngineDown:
		return false
	case restartpolicy.EngineResync:
		return true
	}
	for _, w := range l.roster.wards {
		if !w.known && w.looking {
			return true
		}
	}
	return false
}

// resyncIn is how long until the next resync: up to a fifth less than asked
// for, so that supervisors of one engine do not all list at the same time.
func (l *loop) resyncIn() time.Duration {
	return restartpolicy.Jitter(l.sup.opt.Resync*4/5, l.name, l.resyncs)
}

// releaseTimeout bounds what is done for containers when the supervisor ends.
const releaseTimeout = 5 * time.Second

// release gives restarts that were braked back to the engine: nobody else would
// make them once the supervisor has ended.
func (l *loop) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	for _, w := range l.roster.sorted() {
		if !w.known || w.seen.State != engine.Running || !l.roster.braked(w) || l.roster.replaced(w) {
			continue
		}
		policy, _ := l.roster.policy(w)
		err := l.sup.engine.SetRestartPolicy(ctx, w.ref, enginePolicy(policy))
		l.record(Record{Kind: RecordAction, Container: w.ref, Service: w.service, Seen: describe(w.seen), Action: restartpolicy.Release, Err: err})
	}
}

// busy reports whether a container runs, is being looked at or acted on, or may
// be started later.
func (l *loop) busy() bool {
	for _, w := range l.roster.wards {
		switch {
		case len(l.sup.opt.BusyWith) > 0 && !slices.Contains(l.sup.opt.BusyWith, w.service):
		case !w.known || w.looking || w.settling || w.acting != restartpolicy.Leave || w.checkAt != 0 || due(w.decision):
			return true
		case w.seen.State == engine.Running || w.seen.State == engine.Paused || w.seen.State == engine.Restarting:
			return true
		}
	}
	return l.listing
}

// now is the monotonic clock that decisions are made on.
func (l *loop) now() time.Duration { return time.Since(l.origin) }

// noticeSuspend lists everything again if the wall clock went much further than
// the monotonic one since the loop last ran, as it does while a machine sleeps.
func (l *loop) noticeSuspend(last time.Time) time.Time {
	now := time.Now()
	if drifted(now.Round(0).Sub(last.Round(0)), now.Sub(last)) {
		l.rereadAll()
	}
	return now
}

// drifted reports whether the wall clock and the monotonic one disagree on how
// much time has passed, as after a suspend or a correction of the clock.
func drifted(wall, monotonic time.Duration) bool { return (wall - monotonic).Abs() > suspendDrift }

// untilWake is how long to wait for nothing but time. While the engine is away
// nothing is decided, so that no time is waited for either.
func (l *loop) untilWake() time.Duration {
	if l.wake == 0 || l.engineState != restartpolicy.EngineUp {
		return time.Hour
	}
	return max(0, l.wake-l.now())
}

// wakeAt makes sure that decisions are made again at that time.
func (l *loop) wakeAt(at time.Duration) {
	if l.wake == 0 || at < l.wake {
		l.wake = at
	}
}

// replaceProject takes a new definition of the project over.
func (l *loop) replaceProject(want *project.Project) {
	if g, err := want.Graph(); err == nil {
		levels := map[string]int{}
		for level, names := range g.Levels() {
			for _, name := range names {
				levels[name] = level
			}
		}
		l.roster.levels = levels
	}
	l.roster.want = want
	l.model.Store(want)
}

// spawn runs work beside the loop and hands the message it returns back to it.
func (l *loop) spawn(work func(ctx context.Context) message) {
	l.wg.Go(func() {
		if m := work(l.ctx); m != nil {
			l.sup.inbox.put(m)
		}
	})
}
