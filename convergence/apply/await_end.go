package apply

import (
	"context"
	"errors"
	"fmt"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"time"
)

// asking tells whoever keeps account of calls of one. answered is told what the
// engine answered; without an answer it may still do it.
func (r *run) asking(ctx context.Context, verb string, c engine.Ref, grace *time.Duration) (answered func(error)) {
	if r.opt.Asking == nil {
		return func(error) {}
	}
	done := r.opt.Asking(engine.Asked{Verb: verb, Container: c, Grace: grace})
	return func(err error) {
		if err == nil || ctx.Err() == nil && !errors.Is(err, engine.ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded) {
			done()
		}
	}
}

var errOutlasted = errors.New("it outlasted its grace period")

func (r *run) awaitEnd(ctx context.Context, a plan.AwaitEnd, id plan.StepID) error {
	limited, cancel := context.WithTimeoutCause(ctx, a.Stopping.Within, errOutlasted)
	defer cancel()
	err := r.tracker.UntilOf(limited, []string{a.Target.ID}, func(engine.Observed) (bool, error) {
		seen, err := r.engine.InspectContainer(ctx, a.Target) // of a list that is late nobody could tell
		if errors.Is(err, engine.ErrNotFound) {
			return false, fmt.Errorf("container %s was removed by an earlier command: %w", a.Target.Name, engine.ErrStale)
		}
		return err == nil && (!engine.Alive(seen.Container) || !seen.StartedAt.Equal(a.Stopping.Run)), err
	})
	if !errors.Is(err, errOutlasted) || ctx.Err() != nil {
		return err
	}
	p := r.reporter.event(r.steps[id], engine.Warning, "Running")
	p.Details = "an earlier command asked for its end, which does not come"
	r.reporter.tell(p)
	return errKept
}
