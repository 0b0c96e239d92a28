package feed

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

// AwaitCalls waits until the engine is done with the calls of earlier runs: each
// would undo what is going to be done, if it took effect only afterwards. One
// that cannot take effect any more is not waited for. now is the engine's clock;
// tell is told of each container that there is something to wait for. Calls of
// other verbs than create, start, restart, pause and unpause are over as they are.
func (f *Feed) AwaitCalls(ctx context.Context, calls []engine.PendingCall, now func() time.Time, tell func(engine.PendingCall)) error {
	var past []engine.Event
	if slices.ContainsFunc(calls, func(a engine.PendingCall) bool { return a.Verb == "restart" }) {
		past, _ = f.engine.Recall(ctx, f.project) // an engine that does not know is waited for
	}
	for _, a := range calls {
		if err := f.awaitCall(ctx, past, a, now, tell); err != nil {
			return err
		}
	}
	return nil
}

var errNoEffect = errors.New("it no longer takes effect")

func (f *Feed) awaitCall(ctx context.Context, past []engine.Event, a engine.PendingCall, now func() time.Time, tell func(engine.PendingCall)) error {
	over := func() (engine.Inspection, bool, error) {
		seen, err := f.engine.InspectContainer(ctx, a.Container) // the engine answers when it is done with what it has begun
		if errors.Is(err, engine.ErrNotFound) {
			return seen, a.Verb != "create", nil
		}
		return seen, err == nil && a.Done(seen), err
	}
	seen, done, err := over()
	left := a.Until(seen, past, now()).Sub(now())
	if done || err != nil || left <= 0 {
		return err
	}
	tell(a)
	limited, cancel := context.WithTimeoutCause(ctx, left, errNoEffect)
	defer cancel()
	var about []string // of what has no ID yet nobody can tell
	if seen.ID != "" {
		about = []string{seen.ID}
	}
	err = f.UntilOf(limited, about, func(engine.Observed) (bool, error) {
		_, done, err := over()
		return done, err
	})
	if errors.Is(err, errNoEffect) && ctx.Err() == nil {
		return nil
	}
	return err
}
