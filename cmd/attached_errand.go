package cmd

import (
	"context"

	"github.com/musterdev/muster/internal/ui"
)

// errand is something that runs beside an attached up until it is done, or until
// something is to be stopped.
type errand struct {
	what    string
	service string // whose exits are part of it; may be empty
	stop    context.CancelCauseFunc
	done    chan struct{} // closed at its end
	err     error         // then
}

func startErrand(ctx context.Context, what, service string, do func(context.Context) error) *errand {
	ctx, stop := context.WithCancelCause(ctx)
	e := &errand{what: what, service: service, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		e.err = do(ctx)
	}()
	return e
}

// ended is closed when it has ended; nil if there is none.
func (e *errand) ended() <-chan struct{} {
	if e == nil {
		return nil
	}
	return e.done
}

// cancel tells it to end.
func (e *errand) cancel(why error) {
	if e != nil {
		e.stop(why)
	}
}

// complain says why an errand ended before its time.
func (a *attached) complain(e *errand) {
	if e.err != nil {
		a.printer.Warn(e.what + ": " + ui.ErrorText(e.err))
	}
}

// watch begins to do what develop.watch says.
func (a *attached) watch(ctx context.Context) error {
	r := a.armed
	if a.armed = nil; r == nil {
		var err error
		if r, err = a.arm(ctx); err != nil {
			return err
		}
	}
	a.watching = startErrand(ctx, "watch", "", func(ctx context.Context) error {
		defer r.Close()
		return r.work(ctx)
	})
	return nil
}

func (a *attached) disarm() {
	if a.armed != nil {
		a.armed.Close()
		a.armed = nil
	}
}

// arm notices changes of files from now on.
func (a *attached) arm(ctx context.Context) (*refresher, error) {
	rules, err := a.watchRules(a.op.Want, a.named)
	if err != nil {
		return nil, err
	}
	return a.armWatch(ctx, a.op.Want, rules, watchOptions{quiet: a.opt.quietBuild, capture: a.hooks})
}

// unwatch ends the watch. What is being done on the engine is finished.
func (a *attached) unwatch() {
	a.watching.cancel(errEnded)
	a.left = append(a.left, a.watching.done)
	a.watching = nil
}

// restart restarts a service beside everything else.
func (a *attached) restart(ctx context.Context, service string) {
	op := restartOf(a.op.Want, service)
	a.errand = startErrand(ctx, "restart "+service, service, func(ctx context.Context) error { return operate(ctx, a.session, op) })
}
