package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
)

// interrupted stops gracefully the first time, by force the second, and leaves
// the third.
func (a *attached) interrupted(ctx context.Context, sig os.Signal) {
	switch {
	case a.signal == nil:
		a.signal = &interruptError{sig}
	case sig == syscall.SIGHUP:
		return // a terminal that is gone and its shell both tell
	}
	switch a.stopping {
	case 0:
		a.inform(graceful)
		a.end(ctx, a.signal)
	case 1:
		a.inform("Stopping by force... press Ctrl+C again to leave at once")
		a.stop(ctx, 2)
	default:
		a.leave()
	}
}

const graceful = "Gracefully Stopping... press Ctrl+C again to force"

// leave ends the command as things are.
func (a *attached) leave() {
	a.stopping = 3
	a.cancelStop(a.signal)
	a.stopFollowing(a.signal)
	a.printer.Warn("left before everything was stopped: see `muster ps`, stop the rest with `muster stop`")
}

// end ends whatever is under way and stops the services.
func (a *attached) end(ctx context.Context, why error) {
	a.ending = why
	a.stop(ctx, 1)
}

// stop stops the services, dependents first, or kills them.
func (a *attached) stop(ctx context.Context, how int) {
	if a.stopping >= how {
		return
	}
	a.dismiss(a.ending)
	a.final.Store(true)
	a.stopping = how
	a.pending++
	a.cancelStop(errForced)
	ctx, a.cancelStop = context.WithCancelCause(ctx)
	ends := slices.Clone(a.left)
	go func() { a.stopped <- a.halt(ctx, how, ends) }()
}

var errForced = errors.New("stopped by force instead")

// dismiss tells whatever runs beside to end: what is stopped from now on stays
// so. What the engine was asked for is carried out first, so that nothing is
// started behind the back of who stops.
func (a *attached) dismiss(why error) {
	for _, e := range []*errand{a.applying, a.watching, a.errand} {
		if e != nil {
			e.cancel(why)
			a.left = append(a.left, e.done)
		}
	}
	a.watching, a.errand = nil, nil
	if a.keeper != nil {
		a.keeper.cancel()
		a.left = append(a.left, a.keeper.done)
		a.keeper, a.kept = nil, false
	}
}

// settle waits for what was told to end, unless somebody does not want to.
func (a *attached) settle(signals <-chan os.Signal) {
	if a.stopping == 3 {
		return
	}
	for _, end := range a.left {
		select {
		case <-end:
		case <-signals:
			return
		}
	}
}

// maxStops is how often those who run are stopped: more than once only if
// somebody else starts them.
const maxStops = 3

// halt stops or kills the services once what was told to end has ended. By force
// it does not wait to begin with, so that the others have less to wait for.
func (a *attached) halt(ctx context.Context, how int, ends []<-chan struct{}) error {
	if how == 2 && a.hasBegun() {
		if err := a.killAll(ctx); err != nil {
			return err
		}
	}
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if !a.hasBegun() {
		return nil // and nothing is to be stopped for that
	}
	for range maxStops {
		stop := a.stopAll
		if how == 2 {
			stop = a.killAll
		}
		if err := stop(ctx); err != nil {
			return err
		}
		if up, err := a.stillUp(ctx); err != nil || len(up) == 0 {
			return err
		}
	}
	up, err := a.stillUp(ctx)
	if err == nil && len(up) > 0 {
		err = fmt.Errorf("%s: somebody else starts what is stopped", strings.Join(up, ", "))
	}
	return err
}

func (a *attached) stopAll(ctx context.Context) error {
	op := operation.Operation{Name: "stop", Project: a.op.Project, Want: a.op.Want, Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
		return up.PlanStop(a.op.Want, have, up.StopOptions{Services: a.scope.attached})
	}}
	return operate(ctx, a.session, op)
}

// killAll does not wait for the project's lock: whoever has it may be who is in
// the way.
func (a *attached) killAll(ctx context.Context) error {
	have, err := operation.Observe(ctx, a.engine, a.op.Project, a.op.Want)
	if err != nil {
		return err
	}
	plan, err := up.PlanKill(a.op.Want, have, up.KillOptions{Services: a.scope.attached})
	if err != nil {
		return err
	}
	return apply.ApplyWith(ctx, plan, a.engine, apply.ApplyOptions{Report: a.printer.Report})
}

// stillUp are the names of attached containers that run. A list may be older
// than what was just answered, an inspection is not.
func (a *attached) stillUp(ctx context.Context) ([]string, error) {
	have, err := operation.Observe(ctx, a.engine, a.op.Project, a.op.Want)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range have.Containers {
		if c.OneOff || !slices.Contains(a.scope.attached, c.Service) || !c.Up() {
			continue
		}
		seen, err := a.engine.InspectContainer(ctx, c.Ref)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if seen.Up() {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// stoppedAll takes note of how a stop ended.
func (a *attached) stoppedAll(err error) {
	if err == nil || errors.Is(err, errForced) {
		return
	}
	a.unlessAsked(err)
	a.stopFollowing(err)
}

// unlessAsked tells of a failure that comes with the end of the command and is
// more than that end.
func (a *attached) unlessAsked(err error) {
	var rest []error
	for _, e := range causes(err) {
		if !errors.Is(e, a.ending) && !errors.Is(e, context.Canceled) {
			rest = append(rest, e)
		}
	}
	if len(rest) == 0 {
		return
	}
	if a.signal == nil && a.err == nil && !errors.Is(a.ending, errAborted) {
		a.err = errors.Join(rest...)
		return
	}
	a.printer.Warn(ui.ErrorText(errors.Join(rest...)))
}

// causes are the errors that were joined.
func causes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && !isStep(err) {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func isStep(err error) bool {
	_, ok := err.(*apply.StepError)
	return ok
}
