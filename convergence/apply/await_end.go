package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// recordCall makes a call and tells whoever keeps account of calls of it before
// and after. Without an answer the engine may still do what it was asked for, and
// the call stays on the account.
func (r *run) recordCall(ctx context.Context, pending engine.PendingCall, call func() error) error {
	if r.opt.OnCall == nil {
		return call()
	}
	done := r.opt.OnCall(pending)
	err := call()
	if err == nil || ctx.Err() == nil && !errors.Is(err, engine.ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded) {
		done()
	}
	return err
}

var errOutlasted = errors.New("it did not stop within its grace period")

func (r *run) awaitEnd(ctx context.Context, a plan.AwaitEnd, id plan.StepID) error {
	limited, cancel := context.WithTimeoutCause(ctx, a.Stopping.Within, errOutlasted)
	defer cancel()
	err := r.feed.UntilOf(limited, []string{a.Target.ID}, func(engine.Observed) (bool, error) {
		seen, err := r.engine.InspectContainer(ctx, a.Target) // of a list that is late nobody could tell
		if errors.Is(err, engine.ErrNotFound) {
			return false, fmt.Errorf("container %s was removed by an earlier command: %w", a.Target.Name, engine.ErrStale)
		}
		return err == nil && (!seen.Up() || !seen.StartedAt.Equal(a.Stopping.Run)), err
	})
	if !errors.Is(err, errOutlasted) || ctx.Err() != nil {
		return err
	}
	p := r.reporter.event(r.steps[id], engine.Warning, "Running")
	p.Details = "an earlier command asked it to stop, and it did not"
	r.reporter.tell(p)
	return errKept
}
