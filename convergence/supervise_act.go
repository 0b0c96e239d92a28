package convergence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// actTimeout bounds an action: a start, or a stop with its grace period.
const actTimeout = 2 * time.Minute

// acted is the outcome of an action.
type acted struct {
	id      string
	action  restartpolicy.Action
	granted bool // it held a place in the budget
	moot    bool // nothing was done because the container had changed
	err     error
}

// act carries a due decision out, unless the container has changed since.
func (l *loop) act(w *ward) {
	w.acting = w.decision.Action
	action, seen := w.acting, w.seen
	policy, _ := l.policy(w)
	held, granted := l.held(w), w.granted
	l.do(func(ctx context.Context) message {
		moot, err := l.carryOut(ctx, action, seen, policy, held)
		return acted{seen.ID, action, granted, moot, err}
	})
}

// carryOut takes the project's lock, looks once more and does it.
func (l *loop) carryOut(ctx context.Context, action restartpolicy.Action, seen Inspection, policy restartpolicy.Policy, held bool) (moot bool, err error) {
	if l.opt.Exclusive != nil {
		release, err := l.opt.Exclusive(ctx)
		if err != nil {
			return true, nil
		}
		defer release()
	}
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	now, err := l.engine.InspectContainer(ctx, seen.Ref)
	if err != nil || changed(seen, now) {
		return true, nil // the look that follows tells why
	}
	return false, l.perform(ctx, action, seen, policy, held)
}

// changed reports whether a decision made on what was seen may not hold any more.
func changed(seen, now Inspection) bool {
	return seen.State != now.State || !seen.StartedAt.Equal(now.StartedAt) || !seen.FinishedAt.Equal(now.FinishedAt) ||
		(seen.Health == HealthUnhealthy) != (now.Health == HealthUnhealthy)
}

// perform is the one engine call of an action. Starting a held container also
// gives its restarts back to the engine: after the start, so that the engine
// never starts it a second time, and also if the start failed, so that the
// mark does not outlive its cause.
func (l *loop) perform(ctx context.Context, action restartpolicy.Action, c Inspection, policy restartpolicy.Policy, held bool) error {
	switch action {
	case restartpolicy.Start:
		err := l.engine.StartContainer(ctx, c.Ref)
		if held {
			err = errors.Join(err, l.engine.SetRestartPolicy(ctx, c.Ref, enginePolicy(policy)))
		}
		return err
	case restartpolicy.Restart:
		return l.engine.RestartContainer(ctx, c.Ref, nil)
	case restartpolicy.Stop:
		return l.engine.StopContainer(ctx, c.Ref, nil)
	case restartpolicy.Brake:
		return l.engine.SetRestartPolicy(ctx, c.Ref, string(restartpolicy.No))
	case restartpolicy.Release:
		return l.engine.SetRestartPolicy(ctx, c.Ref, enginePolicy(policy))
	}
	return fmt.Errorf("supervise %s: no way to %v", c.Name, action)
}

func enginePolicy(p restartpolicy.Policy) string {
	name, retries := p.Engine()
	if retries > 0 {
		return fmt.Sprintf("%s:%d", name, retries)
	}
	return name
}

func (m acted) handle(l *loop) {
	if m.granted {
		l.budget = l.budget.Done()
	}
	w := l.wards[m.id]
	if w == nil {
		return
	}
	w.acting, w.granted, w.settling = restartpolicy.Leave, false, true
	if m.moot {
		l.look(w)
		return
	}
	if m.err != nil && (m.action == restartpolicy.Start || m.action == restartpolicy.Restart) {
		w.history = w.history.StartFailed()
	}
	l.record(Record{Kind: RecordAction, Container: w.ref, Service: w.service, Seen: describe(w.seen), Action: m.action, Err: m.err})
	l.look(w)
}
