package cmd

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// upAttached runs up in the foreground: it converges, shows what the containers
// say, and stops them when it is interrupted or told to abort.
func (s *session) upAttached(ctx context.Context, op operation.Operation, opt upOptions, args []string) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	p := op.Want
	opt.abortOnExit = opt.abortOnExit || opt.exitCodeFrom != "" && !opt.abortOnFailure
	scope, err := attachScope(p, opt, args)
	if err != nil {
		return err
	}
	watchable := slices.ContainsFunc(p.Services, func(sv *project.Service) bool { return sv.Spec.Develop != nil && len(sv.Spec.Develop.Watch) > 0 })
	s.usePrinter(ui.PrinterOptions{HideStarts: true})
	spool := ui.NewSpool(s.printer.Around)
	a := &attached{
		session: s, op: op, opt: opt, engine: e, named: args, scope: scope,
		logs: ui.NewLogs(spool.Writer(s.Out), spool.Writer(s.Err), ui.LogStyle{
			Project: p.Name,
			Color:   s.color(s.Terminal.Out) && !opt.noColor, NoPrefix: opt.noPrefix,
			Timestamps: opt.timestamps, Terminal: s.Terminal.Out,
		}),
		exits: make(chan output.Output), stopped: make(chan error, 2), followed: make(chan error, 1),
		begun: make(chan struct{}), standing: make(chan struct{}), hold: make(chan struct{}), cancelStop: func(error) {},
		watchable: watchable,
	}
	s.hooks = a.logs.Hook
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

// attached is an up in the foreground. The goroutine of run owns it; the others
// report to it.
type attached struct {
	*session
	op     operation.Operation
	opt    upOptions
	engine engine.Engine
	named  []string // services that the command names
	scope  scope
	logs   *ui.Logs

	exits    chan output.Output
	stopped  chan error
	followed chan error
	begun    chan struct{} // closed when it is known what up will do, before anything changes
	standing chan struct{} // closed when everything that happens is followed
	hold     chan struct{} // closed when following may end
	freed    bool

	applying      *errand // creates and starts everything
	ending        error   // why everything is to be stopped; nil if it is not
	stopping      int     // 1: gracefully, 2: by force, 3: left as it is
	pending       int     // stops that have not reported yet
	cancelStop    context.CancelCauseFunc
	final         atomic.Bool // whoever ends now is not started again
	stopFollowing context.CancelCauseFunc
	menu          *menu                  // nil where there is none
	only          atomic.Pointer[string] // the one service whose output is shown; nil is all of scope.shown
	watchable     bool                   // a service declares develop.watch
	armed         *refresher             // notices changes already, while services start
	watching      *errand                // what develop.watch says is done
	errand        *errand                // what a key asked for
	keeper        *companion             // the supervisor inside; nil if none is needed
	kept          bool                   // by which a container runs or is going to be started
	left          []<-chan struct{}      // ends of what was told to end
	detached      bool                   // or going to be
	signal        *interruptError
	code          *int     // the exit code that was asked for, once it is known
	culprit       *culprit // the exit that everything is stopped for
	err           error
}

// run converges and follows until every container is gone or something fails.
func (a *attached) run(ctx context.Context) error {
	signals, release := a.interrupts.take()
	defer release()
	following, stopFollowing := context.WithCancelCause(ctx)
	defer stopFollowing(nil)
	a.stopFollowing = stopFollowing
	go func() {
		select {
		case <-a.begun:
			a.followed <- a.follow(following)
		case <-following.Done():
			a.followed <- context.Cause(following)
		}
	}()
	a.op.Begin = a.begin
	a.applying = startErrand(ctx, a.op.Name, "", func(ctx context.Context) error { return operate(ctx, a.session, a.op) })
	a.openMenu(following)
	a.loop(ctx, signals)
	a.dismiss(errEnded)
	a.settle(signals)
	a.closeMenu()
	if a.detached && a.err == nil && a.signal == nil {
		a.inform("Detached: the containers go on")
		remindOfSupervisor(ctx, a.session, a.op.Want, nil)
	}
	a.cancelStop(nil)
	return a.result()
}

var errEnded = errors.New("the command has ended")

// loop runs until following has ended and nothing else is under way, or until
// somebody does not want to wait any more.
func (a *attached) loop(ctx context.Context, signals <-chan os.Signal) {
	followed := a.followed
	for (followed != nil || a.applying != nil || a.pending > 0) && a.stopping < 3 {
		select {
		case o := <-a.exits:
			a.exited(ctx, o)
		case sig := <-signals:
			a.interrupted(ctx, sig)
			a.showMenu()
		case key := <-a.pressed():
			a.press(ctx, key)
		case <-a.applying.ended():
			a.appliedAll(ctx, a.applying.err)
		case <-a.watching.ended():
			a.complain(a.watching)
			a.watching = nil
			a.free()
			a.showMenu()
		case <-a.errand.ended():
			a.complain(a.errand)
			a.errand = nil
			a.free()
		case a.kept = <-a.keeperBusy():
			a.free()
		case err := <-a.stopped:
			a.pending--
			a.stoppedAll(err)
			a.free()
		case err := <-followed:
			followed = nil
			if errors.Is(err, syscall.EIO) { // the terminal is gone, of which a signal tells too
				a.interrupted(ctx, syscall.SIGHUP)
			}
			if a.err == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errDetached) && a.ending == nil {
				a.err = err
			}
			if err != nil {
				a.applying.cancel(err)
			}
		}
	}
}

// appliedAll goes on after everything is started, or something failed.
func (a *attached) appliedAll(ctx context.Context, err error) {
	a.applying = nil
	defer a.free()
	if a.ending == nil {
		a.blameOf(err)
	}
	switch {
	case a.ending != nil: // whoever stops has waited for this
		a.unlessAsked(err)
		if !a.hasBegun() {
			a.stopFollowing(a.ending)
		}
	case err != nil && a.culprit != nil: // whose end the wait for it has explained
		a.err = err
		a.end(ctx, errAborted)
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
		if a.menu != nil && a.menu.restart != "" {
			a.restart(ctx, a.menu.restart)
		}
	}
}

// free lets following end once nothing is under way any more.
func (a *attached) free() {
	if !a.freed && a.applying == nil && a.pending == 0 && !a.kept && a.watching == nil && a.errand == nil {
		a.freed = true
		close(a.hold)
	}
}

// hasBegun reports whether anything may have been changed.
func (a *attached) hasBegun() bool {
	select {
	case <-a.begun:
		return true
	default:
		return false
	}
}
