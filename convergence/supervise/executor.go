package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

const (
	// decideAgainAfter is how long a wait for the project's lock may be before the
	// decision is made again: whoever had the lock has changed something.
	decideAgainAfter = 250 * time.Millisecond
	// hookTimeout bounds the hooks before or after an action: a supervisor must not
	// be held up for good by a hook that hangs in a sick container.
	hookTimeout = time.Minute
)

// executor carries actions out, beside the loop, whose state it does not know.
type executor struct {
	engine    Supervised
	exclusive func(context.Context) (release func(), err error) // may be nil
	output    func(plan.RunHook) io.WriteCloser                 // of hooks; may be nil
	stopping  func(id string)                                   // is told before the engine is asked to stop a container
}

// execute takes the project's lock, looks once more and does it.
func (x *executor) execute(ctx context.Context, e actionRequest) actionResult {
	if x.exclusive != nil {
		asked := time.Now()
		release, err := x.exclusive(ctx)
		if err != nil {
			return actionResult{outdated: true}
		}
		defer release()
		if time.Since(asked) > decideAgainAfter {
			return actionResult{outdated: true, waited: true}
		}
	}
	if m, ok := x.stillDue(ctx, e); !ok {
		return m
	}
	left := x.runHooks(ctx, e.before)
	if ctx.Err() != nil {
		return actionResult{outdated: true}
	}
	asking := ctx
	if e.action != restartpolicy.Stop {
		// A start is waited for, also when the supervisor is to end: whoever ends it
		// must not meet one that comes later.
		asking = context.WithoutCancel(ctx)
	}
	m := x.callAndInspect(asking, e)
	m.hooks = left
	if m.err == nil {
		m.hooks = errors.Join(left, x.runHooks(ctx, e.then))
	}
	return m
}

// stillDue looks at the container and what it waits for once more: what was
// decided may not hold any more.
func (x *executor) stillDue(ctx context.Context, e actionRequest) (actionResult, bool) {
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	now, err := x.engine.InspectContainer(ctx, e.seen.Ref)
	if err != nil || changed(e.seen, now) {
		return actionResult{outdated: true}, false // the look that follows tells why
	}
	if stale := x.changedSince(ctx, e.awaited); len(stale) > 0 {
		return actionResult{outdated: true, stale: stale}, false
	}
	return actionResult{}, true
}

// callAndInspect has the engine do it, and sees what a stop or restart led to.
func (x *executor) callAndInspect(ctx context.Context, e actionRequest) actionResult {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if e.action != restartpolicy.Restart && e.action != restartpolicy.Stop {
		return actionResult{err: x.callEngine(ctx, e)}
	}
	x.stopping(e.seen.ID)
	m := actionResult{err: x.callEngine(ctx, e)}
	if after, err := x.engine.InspectContainer(ctx, e.seen.Ref); err == nil {
		m.after = after
	}
	return m
}

// changedSince are the IDs of containers that are not any more as they were
// seen. Their events may have been lost: a dependent must not start on old news.
func (x *executor) changedSince(ctx context.Context, seen []engine.Inspection) []string {
	var ids []string
	for _, was := range seen {
		if now, err := x.engine.InspectContainer(ctx, was.Ref); err != nil || changed(was, now) {
			ids = append(ids, was.ID)
		}
	}
	return ids
}

// callEngine is the one engine call of an action. Starting a braked container also
// gives its restarts back to the engine: after the start, so that the engine
// never starts it a second time, and also if the start failed, so that the
// mark does not outlive its cause. Only a brake stays on for as long as its
// crash loop lasts.
func (x *executor) callEngine(ctx context.Context, e actionRequest) error {
	c := e.seen.Ref
	switch e.action {
	case restartpolicy.Start:
		err := x.engine.StartContainer(ctx, c)
		if e.giveBack || err != nil && e.seen.RestartPolicy != e.policy {
			err = errors.Join(err, x.engine.SetRestartPolicy(ctx, c, e.policy))
		}
		return err
	case restartpolicy.Restart:
		return x.engine.RestartContainer(ctx, c, nil)
	case restartpolicy.Stop:
		return x.engine.StopContainer(ctx, c, nil)
	case restartpolicy.Brake:
		return x.engine.SetRestartPolicy(ctx, c, string(restartpolicy.No))
	case restartpolicy.Release:
		return x.engine.SetRestartPolicy(ctx, c, e.policy)
	}
	return fmt.Errorf("supervise %s: no way to %v", c.Name, e.action)
}

// runHooks runs the hooks in order, until one fails. That is recorded, and
// changes nothing else: a sick container is restarted whatever its hooks say,
// and one that started runs on, as it does after up.
func (x *executor) runHooks(ctx context.Context, hooks []plan.RunHook) error {
	if len(hooks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, hookTimeout, errors.New("did not end within "+hookTimeout.String()))
	defer cancel()
	for _, hook := range hooks {
		if err := x.runHook(ctx, hook); err != nil {
			return err
		}
	}
	return nil
}

func (x *executor) runHook(ctx context.Context, hook plan.RunHook) error {
	if x.output == nil {
		return apply.RunHook(ctx, x.engine, hook, nil)
	}
	out := x.output(hook)
	defer out.Close() // output that cannot be shown changes nothing
	return apply.RunHook(ctx, x.engine, hook, out)
}

// changed reports whether a decision made on what was seen may not hold any more.
func changed(seen, now engine.Inspection) bool {
	return seen.State != now.State || !seen.StartedAt.Equal(now.StartedAt) || !seen.FinishedAt.Equal(now.FinishedAt) ||
		(seen.Health == engine.HealthUnhealthy) != (now.Health == engine.HealthUnhealthy) ||
		seen.Name != now.Name || seen.RestartPolicy != now.RestartPolicy
}
