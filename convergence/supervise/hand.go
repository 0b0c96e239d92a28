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
	// judgedAnew is how long a wait for the project's lock may be before the
	// decision is made again: whoever had the lock has changed something.
	judgedAnew = 250 * time.Millisecond
	// hookTimeout bounds the hooks before or after an action: a supervisor must not
	// be held up for good by a hook that hangs in a sick container.
	hookTimeout = time.Minute
)

// hand carries actions out, beside the loop, whose state it does not know.
type hand struct {
	engine    Supervised
	exclusive func(context.Context) (release func(), err error) // may be nil
	output    func(plan.RunHook) io.WriteCloser                 // of hooks; may be nil
	stopping  func(id string)                                   // is told before the engine is asked to stop a container
}

// carryOut takes the project's lock, looks once more and does it.
func (h *hand) carryOut(ctx context.Context, e errand) acted {
	if h.exclusive != nil {
		asked := time.Now()
		release, err := h.exclusive(ctx)
		if err != nil {
			return acted{moot: true}
		}
		defer release()
		if time.Since(asked) > judgedAnew {
			return acted{moot: true, waited: true}
		}
	}
	if m, ok := h.stillDue(ctx, e); !ok {
		return m
	}
	left := h.runHooks(ctx, e.before)
	if ctx.Err() != nil {
		return acted{moot: true}
	}
	asking := ctx
	if e.action != restartpolicy.Stop {
		// A start is waited for, also when the supervisor is to end: whoever ends it
		// must not meet one that comes later.
		asking = context.WithoutCancel(ctx)
	}
	m := h.ask(asking, e)
	m.hooks = left
	if m.err == nil {
		m.hooks = errors.Join(left, h.runHooks(ctx, e.then))
	}
	return m
}

// stillDue looks at the container and what it waits for once more: what was
// decided may not hold any more.
func (h *hand) stillDue(ctx context.Context, e errand) (acted, bool) {
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	now, err := h.engine.InspectContainer(ctx, e.seen.Ref)
	if err != nil || changed(e.seen, now) {
		return acted{moot: true}, false // the look that follows tells why
	}
	if stale := h.changedMeanwhile(ctx, e.awaited); len(stale) > 0 {
		return acted{moot: true, stale: stale}, false
	}
	return acted{}, true
}

// ask has the engine do it, and sees what a stop or restart led to.
func (h *hand) ask(ctx context.Context, e errand) acted {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if e.action != restartpolicy.Restart && e.action != restartpolicy.Stop {
		return acted{err: h.perform(ctx, e)}
	}
	h.stopping(e.seen.ID)
	m := acted{err: h.perform(ctx, e)}
	if after, err := h.engine.InspectContainer(ctx, e.seen.Ref); err == nil {
		m.after = after
	}
	return m
}

// changedMeanwhile are the IDs of containers that are not any more as they were
// seen. Their events may have been lost: a dependent must not start on old news.
func (h *hand) changedMeanwhile(ctx context.Context, seen []engine.Inspection) []string {
	var ids []string
	for _, was := range seen {
		if now, err := h.engine.InspectContainer(ctx, was.Ref); err != nil || changed(was, now) {
			ids = append(ids, was.ID)
		}
	}
	return ids
}

// perform is the one engine call of an action. Starting a braked container also
// gives its restarts back to the engine: after the start, so that the engine
// never starts it a second time, and also if the start failed, so that the
// mark does not outlive its cause. Only a brake stays on for as long as its
// crash loop lasts.
func (h *hand) perform(ctx context.Context, e errand) error {
	c := e.seen.Ref
	switch e.action {
	case restartpolicy.Start:
		err := h.engine.StartContainer(ctx, c)
		if e.giveBack || err != nil && e.seen.RestartPolicy != e.policy {
			err = errors.Join(err, h.engine.SetRestartPolicy(ctx, c, e.policy))
		}
		return err
	case restartpolicy.Restart:
		return h.engine.RestartContainer(ctx, c, nil)
	case restartpolicy.Stop:
		return h.engine.StopContainer(ctx, c, nil)
	case restartpolicy.Brake:
		return h.engine.SetRestartPolicy(ctx, c, string(restartpolicy.No))
	case restartpolicy.Release:
		return h.engine.SetRestartPolicy(ctx, c, e.policy)
	}
	return fmt.Errorf("supervise %s: no way to %v", c.Name, e.action)
}

// runHooks runs the hooks in order, until one fails. That is recorded, and
// changes nothing else: a sick container is restarted whatever its hooks say,
// and one that started runs on, as it does after up.
func (h *hand) runHooks(ctx context.Context, hooks []plan.RunHook) error {
	if len(hooks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, hookTimeout, errors.New("did not end within "+hookTimeout.String()))
	defer cancel()
	for _, hook := range hooks {
		if err := h.runHook(ctx, hook); err != nil {
			return err
		}
	}
	return nil
}

func (h *hand) runHook(ctx context.Context, hook plan.RunHook) error {
	if h.output == nil {
		return apply.RunHook(ctx, h.engine, hook, nil)
	}
	out := h.output(hook)
	defer out.Close() // output that cannot be shown changes nothing
	return apply.RunHook(ctx, h.engine, hook, out)
}

// changed reports whether a decision made on what was seen may not hold any more.
func changed(seen, now engine.Inspection) bool {
	return seen.State != now.State || !seen.StartedAt.Equal(now.StartedAt) || !seen.FinishedAt.Equal(now.FinishedAt) ||
		(seen.Health == engine.HealthUnhealthy) != (now.Health == engine.HealthUnhealthy) ||
		seen.Name != now.Name || seen.RestartPolicy != now.RestartPolicy
}
