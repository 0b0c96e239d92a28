package foreground

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/ui"
)

// attached is an up in the foreground. The goroutine of run owns it and hears of
// what its actors do.
type attached struct {
	Options
	follower *follower
	stopper  *stopper
	verdict  verdict
	expected *expectedExits // which do not count
	watcher  watcher

	workers    group // all that ends before anything is stopped
	output     *actor
	converging *actor // creates and starts everything
	watching   *actor // what develop.watch says is done
	keyAction  *actor // what a key asked for
	supervisor *embeddedSupervisor
	kept       bool   // a container runs, or is going to be started, by the supervisor inside
	menu       *menu  // nil where there is none
	restart    string // the service to restart once everything is started
}

// run converges and follows until every container is gone or something fails.
func (a *attached) run(ctx context.Context) (code int, err error) {
	signals, release := a.TakeSignals()
	defer release()
	following, stopFollowing := context.WithCancelCause(ctx)
	defer stopFollowing(nil)
	a.output = new(group).add(&actor{name: "output", interrupt: stopFollowing}, func() error { return a.follower.follow(following) })
	op := a.Converge
	op.Begin = a.follower.begin
	a.converging = a.workers.start(ctx, op.Name, func(ctx context.Context) error { return a.Run(ctx, op) })
	a.menu = openMenu(following, a.Keys, a.Printer)
	a.showMenu()
	a.loop(ctx, signals)
	a.interruptWorkers(errEnded)
	if a.stopper.how != leftAlone {
		a.workers.wait(signals)
	}
	a.closeMenu()
	if v := &a.verdict; v.detached && v.err == nil && v.signal == nil {
		a.Inform("Detached; containers keep running")
		a.Detached(ctx)
	}
	a.stopper.cancel(nil)
	return a.verdict.result()
}

var errEnded = errors.New("the command ended")

// loop runs until following has ended and nothing else is under way, or until
// somebody does not want to wait any more.
func (a *attached) loop(ctx context.Context, signals <-chan os.Signal) {
	followed := a.output.ended()
	for (followed != nil || a.converging != nil || a.stopper.pending > 0) && a.stopper.how < leftAlone {
		select {
		case o := <-a.follower.exits:
			if a.verdict.exited(o, a.activityAt(o.Container)) {
				a.Inform("Aborting on container exit...")
				a.end(ctx, errAborted)
			}
		case sig := <-signals:
			a.interrupted(ctx, sig)
			a.showMenu()
		case key := <-a.menu.pressed():
			a.press(ctx, key)
		case <-a.converging.ended():
			a.converged(ctx, a.converging.err)
		case <-a.watching.ended():
			a.warnOfFailure(a.watching)
			a.watching = nil
			a.showMenu()
		case <-a.keyAction.ended():
			a.warnOfFailure(a.keyAction)
			a.keyAction = nil
		case a.kept = <-a.supervisor.changes():
		case err := <-a.stopper.stopped:
			a.stopper.pending--
			a.stopped(err)
		case <-followed:
			followed = nil
			a.followed(ctx, a.output.err)
		}
		a.releaseIfIdle()
	}
}

// activityAt is what goes on now that a container has ended.
func (a *attached) activityAt(ended engine.Container) activity {
	return activity{converging: a.converging != nil, stopping: a.stopper.how > 0, own: a.expected.take(ended)}
}

// followed takes note of the end of the output.
func (a *attached) followed(ctx context.Context, err error) {
	if errors.Is(err, syscall.EIO) { // the terminal is gone, of which a signal tells too
		a.interrupted(ctx, syscall.SIGHUP)
	}
	if a.verdict.err == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errDetached) && a.verdict.ending == nil {
		a.verdict.err = err
	}
	if err != nil && a.converging != nil {
		a.converging.interrupt(err)
	}
}

// converged goes on after everything is started, or something failed.
func (a *attached) converged(ctx context.Context, err error) {
	a.converging = nil
	v := &a.verdict
	if v.ending == nil {
		v.blameOf(err)
	}
	switch {
	case v.ending != nil: // whoever stops has waited for this
		a.warn(v.stopped(err))
		if !a.follower.hasBegun() {
			a.output.interrupt(v.ending)
		}
	case err != nil && v.culprit != nil: // whose end the wait for it has explained
		v.err = err
		a.end(ctx, errAborted)
	case err != nil:
		v.err = err
		a.output.interrupt(err)
	case v.detached:
		a.detach()
	default:
		a.afterStart(ctx)
	}
}

// afterStart begins with what is done once everything is started.
func (a *attached) afterStart(ctx context.Context) {
	if !a.AbortOnExit && !a.AbortOnFailure { // else whoever ends is not restarted
		a.supervisor = startSupervisor(ctx, &a.workers, a.Options)
		a.kept = a.supervisor != nil
	}
	if a.watcher.wanted {
		a.verdict.err = a.watch(ctx)
		a.showMenu()
	}
	if a.restart != "" {
		a.restartNow(ctx, a.restart)
	}
}

// releaseIfIdle lets following end once nothing is under way any more.
func (a *attached) releaseIfIdle() {
	if a.converging == nil && a.stopper.pending == 0 && !a.kept && a.watching == nil && a.keyAction == nil {
		a.follower.release()
	}
}

// interrupted stops gracefully the first time, by force the second, and leaves
// the third.
func (a *attached) interrupted(ctx context.Context, sig os.Signal) {
	switch {
	case a.verdict.signal == nil:
		a.verdict.signal = &host.Interrupt{Signal: sig}
	case sig == syscall.SIGHUP:
		return // a terminal that is gone and its shell both tell
	}
	switch a.stopper.how {
	case 0:
		a.Inform("Gracefully Stopping... press Ctrl+C again to force")
		a.end(ctx, a.verdict.signal)
	case gracefully:
		a.Inform("Stopping by force... press Ctrl+C again to leave at once")
		a.stop(ctx, byForce)
	default:
		a.leave()
	}
}

// leave ends the command as things are.
func (a *attached) leave() {
	a.stopper.how = leftAlone
	a.stopper.cancel(a.verdict.signal)
	a.output.interrupt(a.verdict.signal)
	a.Printer.Warn("left before everything was stopped: see `muster ps`, stop the rest with `muster stop`")
}

// end ends whatever is under way and stops the services.
func (a *attached) end(ctx context.Context, why error) {
	a.verdict.ending = why
	a.stop(ctx, gracefully)
}

// stop stops the services, dependents first, or kills them.
func (a *attached) stop(ctx context.Context, how int) {
	if a.stopper.how >= how {
		return
	}
	a.interruptWorkers(a.verdict.ending)
	a.follower.final.Store(true)
	a.stopper.stop(ctx, how, a.follower.hasBegun, a.workers.ends())
}

// interruptWorkers tells whatever runs beside to end: what is stopped from now on stays
// so. What the engine was asked for is carried out first, so that nothing is
// started behind the back of who stops.
func (a *attached) interruptWorkers(why error) {
	a.workers.interrupt(why)
	a.watching, a.keyAction, a.supervisor, a.kept = nil, nil, nil, false
}

// stopped takes note of how a stop ended.
func (a *attached) stopped(err error) {
	if err == nil || errors.Is(err, errForced) {
		return
	}
	a.warn(a.verdict.stopped(err))
	a.output.interrupt(err)
}

// warn warns of what the command does not end with.
func (a *attached) warn(err error) {
	if err != nil {
		a.Printer.Warn(ui.ErrorText(err))
	}
}

// warnOfFailure says why an actor ended before its time.
func (a *attached) warnOfFailure(of *actor) {
	if of.err != nil {
		a.Printer.Warn(of.name + ": " + ui.ErrorText(of.err))
	}
}

var errDetached = errors.New("detached")

// detach leaves the containers to themselves, once all are started.
func (a *attached) detach() {
	a.verdict.detached = true
	if a.converging != nil {
		a.Inform("Detaching once everything is started")
		return
	}
	a.interruptWorkers(errDetached)
	a.output.interrupt(errDetached)
}
