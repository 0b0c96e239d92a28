package cmd

import (
	"context"
	"errors"
	"os"

	"github.com/musterdev/muster/convergence"
)

// exited decides what the exit of a container means for the others.
func (a *attached) exited(ctx context.Context, o convergence.Output) {
	code := o.Exit.Code
	if a.errand != nil && a.errand.service == o.Container.Service {
		return // it is being restarted
	}
	counts := a.opt.abortOnExit || (a.opt.abortOnFailure && code != 0)
	from := a.opt.exitCodeFrom
	if a.code == nil && (from != "" && o.Container.Service == from || from == "" && counts && a.stopping == 0) {
		a.code = &code
	}
	if counts && a.stopping == 0 && !a.stopNext {
		a.inform("Aborting on container exit...")
		a.end(ctx, errAborted)
	}
}

var errAborted = errors.New("aborting on container exit")

// interrupted stops gracefully the first time, by force the second, and leaves
// the third.
func (a *attached) interrupted(ctx context.Context, sig os.Signal) {
	if a.signal == nil {
		a.signal = &interruptError{sig}
	}
	switch {
	case a.stopping == 0 && !a.stopNext:
		a.inform(graceful)
		a.end(ctx, a.signal)
	case a.stopping < 2:
		a.stop(ctx, 2)
	default:
		a.cancelStop(a.signal)
		a.stopFollowing(a.signal)
	}
}

// end stops the services, after what is still being applied.
func (a *attached) end(ctx context.Context, why error) {
	if !a.applying {
		a.stop(ctx, 1)
		return
	}
	a.stopNext = true
	a.cancelApply(why)
}

const graceful = "Gracefully Stopping... press Ctrl+C again to force"

// stop stops the services, dependents first, or kills them.
func (a *attached) stop(ctx context.Context, how int) {
	if a.stopping >= how {
		return
	}
	a.abandon()
	a.final.Store(true)
	a.stopping = how
	a.pending++
	a.cancelStop(errForced)
	ctx, a.cancelStop = context.WithCancelCause(ctx)
	go func() { a.stopped <- a.stopServices(ctx, how) }()
}

var errForced = errors.New("stopped by force instead")

func (a *attached) stopServices(ctx context.Context, how int) error {
	want := a.op.target.project
	op := operation{name: "stop", target: a.op.target, plan: func(have convergence.Observed) (convergence.Plan, error) {
		return convergence.PlanStop(want, have, convergence.StopOptions{Services: a.scope})
	}}
	if how == 1 {
		return a.session.run(ctx, op)
	}
	have, err := a.observe(ctx, a.engine, op)
	if err != nil {
		return err
	}
	plan, err := convergence.PlanKill(want, have, convergence.KillOptions{Services: a.scope})
	if err != nil {
		return err
	}
	return convergence.ApplyWith(ctx, plan, a.engine, convergence.ApplyOptions{Report: a.printer.Report})
}
