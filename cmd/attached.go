package cmd

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// upAttached runs up in the foreground: it converges, shows what the containers
// say, and stops them when it is interrupted or told to abort.
func (s *session) upAttached(ctx context.Context, op operation, opt upOptions, args []string) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	p := op.target.project
	if opt.exitCodeFrom != "" {
		if _, err := p.Match(opt.exitCodeFrom); err != nil {
			return err
		}
		opt.abortOnExit = !opt.abortOnFailure
	}
	scope, shown, err := attachScope(p, opt, args)
	if err != nil {
		return err
	}
	watchable := slices.ContainsFunc(p.Services, func(sv *project.Service) bool { return sv.Spec.Develop != nil && len(sv.Spec.Develop.Watch) > 0 })
	s.usePrinter(ui.PrinterOptions{HideStarts: true})
	spool := ui.NewSpool(s.printer.Around)
	a := &attached{
		session: s, op: op, opt: opt, engine: e, named: args, scope: scope, shown: shown,
		logs: ui.NewLogs(spool.Writer(s.Out), spool.Writer(s.Err), ui.LogStyle{
			Color: s.color(s.Terminal.Out) && !opt.noColor, NoPrefix: opt.noPrefix,
			Timestamps: opt.timestamps, Terminal: s.Terminal.Out,
		}),
		exits: make(chan convergence.Output), applied: make(chan error, 1), stopped: make(chan error, 2), followed: make(chan error, 1),
		hold: make(chan struct{}), cancelApply: func(error) {}, cancelStop: func(error) {},
		watchable: watchable,
	}
	if opt.watch {
		a.armed, err = a.arm(ctx)
		defer a.disarm()
	}
	if err == nil {
		err = a.run(ctx)
	}
	if closeErr := a.logs.Close(); err == nil {
		err = closeErr
	}
	if closeErr := spool.Close(); err == nil {
		err = closeErr
	}
	return err
}

// attachScope says which services up is about, dependencies included, and whose
// output it shows.
func attachScope(p *project.Project, opt upOptions, args []string) (scope, shown []string, err error) {
	g, err := p.Graph()
	if err != nil {
		return nil, nil, err
	}
	named, err := p.Match(args...)
	if err != nil {
		return nil, nil, err
	}
	scope = p.ServiceNames()
	if len(named) > 0 {
		if scope = named; !opt.noDeps {
			scope = g.Closure(named...).Order()
		}
	}
	if shown = scope; len(named) > 0 && !opt.attachDeps {
		shown = named
	}
	if len(opt.attach) > 0 {
		if shown, err = p.Match(opt.attach...); err != nil {
			return nil, nil, err
		}
	}
	hidden, err := p.Match(opt.noAttach...)
	if err != nil {
		return nil, nil, err
	}
	shown = slices.DeleteFunc(slices.Clone(shown), func(name string) bool {
		asked := slices.Contains(opt.attach, name)
		return slices.Contains(hidden, name) || (declinesAttach(p, name) && !asked)
	})
	return scope, shown, nil
}

// attached is an up in the foreground. The goroutine of run owns it; the others
// report to it.
type attached struct {
	*session
	op     operation
	opt    upOptions
	engine convergence.Engine
	named  []string // services that the command names
	scope  []string // services that are followed and stopped
	shown  []string // services whose output is shown
	logs   *ui.Logs

	hooksMu sync.Mutex
	hooks   []*hookWriter

	exits    chan convergence.Output
	applied  chan error
	stopped  chan error
	followed chan error
	hold     chan struct{} // closed when following may end
	freed    bool

	applying      bool
	cancelApply   context.CancelCauseFunc
	stopNext      bool // once what is being applied has ended
	stopping      int  // 1: gracefully, 2: by force
	pending       int  // stops that have not reported yet
	cancelStop    context.CancelCauseFunc
	final         atomic.Bool // whoever ends now is not started again
	stopFollowing context.CancelCauseFunc
	menu          *menu                  // nil where there is none
	only          atomic.Pointer[string] // the one service whose output is shown; nil is all of shown
	watchable     bool                   // a service declares develop.watch
	armed         *refresher             // notices changes already, while services start
	watching      *errand                // what develop.watch says is done
	errand        *errand                // what a key asked for
	detached      bool                   // or going to be
	keeper        *companion             // the supervisor inside; nil if none is needed
	kept          bool                   // by which a container runs or is going to be started
	signal        *interruptError
	code          *int // the exit code that was asked for, once it is known
	err           error
}

// run converges and follows until every container is gone or something fails.
func (a *attached) run(ctx context.Context) error {
	signals, release := a.interrupts.take()
	defer release()
	unlock, err := a.lock(ctx, a.engine, a.op)
	if err != nil {
		return err
	}
	plan, err := a.ready(ctx)
	if err != nil {
		unlock()
		return err
	}
	following, stopFollowing := context.WithCancelCause(ctx)
	defer stopFollowing(nil)
	a.stopFollowing = stopFollowing
	standing := make(chan struct{})
	go func() { a.followed <- a.follow(following, standing) }()
	select {
	case <-standing:
	case err := <-a.followed:
		unlock()
		return err
	}
	applyCtx, cancel := context.WithCancelCause(ctx)
	a.applying, a.cancelApply = true, cancel
	go func() {
		err := a.apply(applyCtx, a.engine, a.op, plan)
		unlock() // before it is told: what comes of it may need the lock
		a.applied <- err
	}()
	a.openMenu(following)
	a.loop(ctx, signals)
	a.abandon()
	a.closeMenu()
	if a.detached && a.err == nil && a.signal == nil {
		a.inform("Detached: the containers go on")
		a.remindOfSupervisor(ctx, a.op.target.project, nil)
	}
	a.flushHooks()
	cancel(nil)
	a.cancelStop(nil)
	return a.result()
}

// ready makes the plan and says whose output is going to be shown.
func (a *attached) ready(ctx context.Context) (convergence.Plan, error) {
	a.op.hookOutput = a.hookOutput
	have, err := a.observeAlone(ctx, a.engine, a.op)
	if err != nil {
		return convergence.Plan{}, err
	}
	if err := a.warnOfEngine(ctx, a.engine, a.op.target.project, ""); err != nil {
		return convergence.Plan{}, err
	}
	plan, err := a.plannedFor(have, a.op)
	if err != nil {
		return plan, err
	}
	if plan.Changes() {
		if err := a.preflight(ctx, a.engine, a.op.target, plan); err != nil {
			return plan, err
		}
	}
	names := a.attachNames(have, plan)
	a.logs.Announce(names...)
	if len(names) > 0 {
		err = ui.PrintLine(a.Out, "Attaching to "+strings.Join(names, ", "))
	}
	return plan, err
}

// attachNames are the containers whose output is going to be shown, sorted.
func (a *attached) attachNames(have convergence.Observed, plan convergence.Plan) []string {
	var cs []convergence.Container
	objects := plan.Objects()
	for _, st := range plan.Steps {
		if start, ok := st.Action.(convergence.StartContainer); ok {
			name := strings.TrimPrefix(objects[st.ID], "Container ")
			cs = append(cs, convergence.Container{Ref: convergence.Ref{Name: name}, Service: start.Service})
		}
	}
	for _, ref := range plan.Unchanged {
		if c, ok := have.Container(ref.Key()); ok {
			cs = append(cs, c)
		}
	}
	cs = slices.DeleteFunc(cs, func(c convergence.Container) bool { return !slices.Contains(a.shown, c.Service) })
	names := sorted(logNames(a.op.target.name, cs))
	return slices.Compact(names)
}

// follow shows output and reports exits.
func (a *attached) follow(ctx context.Context, standing chan<- struct{}) error {
	concerns := func(c convergence.Container) bool {
		return !c.OneOff && slices.Contains(a.scope, c.Service)
	}
	unlogged := func(c convergence.Container) bool {
		sv := a.op.target.project.Service(c.Service)
		return sv != nil && sv.Spec.Logging != nil && sv.Spec.Logging.Driver == "none"
	}
	opt := convergence.FollowOptions{
		Project: a.op.target.name, Want: a.op.target.project, Select: concerns, Unlogged: unlogged, Hold: a.hold,
		Standing: func() { close(standing) }, Final: a.final.Load,
	}
	return convergence.Follow(ctx, a.engine, opt, func(o convergence.Output) error {
		if a.shows(o.Container.Service) {
			if err := printOutput(a.logs, a.op.target.name, o); err != nil {
				return err
			}
		}
		if o.Exit == nil {
			return nil
		}
		select {
		case a.exits <- o:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// loop runs until following has ended and nothing else is under way.
func (a *attached) loop(ctx context.Context, signals <-chan os.Signal) {
	followed := a.followed
	for followed != nil || a.applying || a.pending > 0 {
		select {
		case o := <-a.exits:
			a.exited(ctx, o)
		case sig := <-signals:
			a.interrupted(ctx, sig)
			a.showMenu()
		case key := <-a.pressed():
			a.press(ctx, key)
		case err := <-a.applied:
			a.appliedAll(ctx, err)
		case err := <-a.watching.ended():
			a.complain(a.watching, err)
			a.watching = nil
			a.free()
			a.showMenu()
		case err := <-a.errand.ended():
			a.complain(a.errand, err)
			a.errand = nil
			a.free()
		case a.kept = <-a.keeperBusy():
			a.free()
		case err := <-a.stopped:
			a.pending--
			if err != nil && a.stopping < 2 && a.err == nil {
				a.err = err
				a.stopFollowing(err)
			}
			a.free()
		case err := <-followed:
			followed = nil
			if a.err == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errDetached) {
				a.err = err
			}
			if err != nil && a.applying {
				a.cancelApply(err)
			}
		}
	}
}

// appliedAll goes on after everything is started, or something failed.
func (a *attached) appliedAll(ctx context.Context, err error) {
	a.applying = false
	defer a.free()
	switch {
	case a.stopNext:
		a.stop(ctx, 1)
	case err != nil:
		a.err = err
		a.stopFollowing(err)
	case a.detached:
		a.detach()
	default:
		a.supervise(ctx)
		if a.opt.watch {
			a.err = a.watch(ctx)
			a.showMenu()
		}
	}
}

// free lets following end once nothing is under way any more.
func (a *attached) free() {
	if !a.freed && !a.applying && a.pending == 0 && !a.kept && a.watching == nil && a.errand == nil {
		a.freed = true
		close(a.hold)
	}
}

// result is the end of the command.
func (a *attached) result() error {
	switch {
	case a.signal != nil:
		return &exitError{code: a.signal.exitCode()}
	case a.err != nil && !errors.Is(a.err, errAborted):
		return a.err
	case a.detached:
		return nil
	case a.code != nil && *a.code != 0:
		return &exitError{code: *a.code}
	}
	return nil
}
