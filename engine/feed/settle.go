package feed

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

// settler is what Settle asks of an engine.
type settler interface {
	Observer
	engine.Watcher
}

// Settle waits until the engine is done with the calls of earlier runs: each
// would undo what is going to be done, if it took effect only afterwards. One
// that cannot take effect any more is not waited for. now is the engine's clock;
// tell is told of each container that there is something to wait for. Calls of
// other verbs than create, start, restart, pause and unpause are over as they are.
func Settle(ctx context.Context, e settler, project string, calls []engine.Asked, now func() time.Time, tell func(engine.Asked)) error {
	var past []engine.Event
	if slices.ContainsFunc(calls, func(a engine.Asked) bool { return a.Verb == "restart" }) {
		past, _ = e.Recall(ctx, project) // an engine that does not know is waited for
	}
	tracker := Track(ctx, project, e, e)
	defer tracker.Close()
	for _, a := range calls {
		if err := settle(ctx, e, tracker, past, a, now, tell); err != nil {
			return err
		}
	}
	return nil
}

var errSettled = errors.New("it does not take effect any more")

func settle(ctx context.Context, e settler, tracker *Tracker, past []engine.Event, a engine.Asked, now func() time.Time, tell func(engine.Asked)) error {
	over := func() (engine.Inspection, bool, error) {
		seen, err := e.InspectContainer(ctx, a.Container) // the engine answers when it is done with what it has begun
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
	limited, cancel := context.WithTimeoutCause(ctx, left, errSettled)
	defer cancel()
	var about []string // of what has no ID yet nobody can tell
	if seen.ID != "" {
		about = []string{seen.ID}
	}
	err = tracker.UntilOf(limited, about, func(engine.Observed) (bool, error) {
		_, done, err := over()
		return done, err
	})
	if errors.Is(err, errSettled) && ctx.Err() == nil {
		return nil
	}
	return err
}
