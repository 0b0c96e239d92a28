package apply

import (
	"context"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/plan"
)

// semaphore is a number of places that steps take while they call the engine.
type semaphore chan struct{}

// newSemaphore has n places; zero or less is no bound.
func newSemaphore(n int) semaphore {
	if n <= 0 {
		return nil
	}
	return make(semaphore, n)
}

// acquire waits for a place. The function that gives it back may be called twice.
func (s semaphore) acquire(ctx context.Context) (free func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	select {
	case s <- struct{}{}:
		return sync.OnceFunc(func() { <-s }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// acquire takes the place among the engine's calls that the step needs, if it may
// still start by then.
func (r *run) acquire(s plan.Step) (free func(), err error) {
	halt := r.halt
	if s.Finish {
		halt = context.WithoutCancel(halt)
	}
	free = func() {}
	switch s.Action.About().Class {
	case plan.ClassWait, plan.ClassProgram:
	case plan.ClassImage:
		free, err = r.pulls.acquire(halt)
	case plan.ClassStop, plan.ClassRestart:
		if free, err = r.calls.acquire(halt); err == nil {
			lent := time.AfterFunc(stopOccupies, free)
			taken := free
			free = func() { lent.Stop(); taken() }
		}
	default:
		free, err = r.calls.acquire(halt)
	}
	if err == nil && halt.Err() != nil {
		free()
		err = errNotRun
	}
	return free, err
}

// outlive is a context that ends some time after ctx does, with its cause.
func outlive(ctx context.Context, extra time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(extra):
			cancel(context.Cause(ctx))
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel(nil) }
}
