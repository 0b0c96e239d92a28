package supervise

import (
	"context"
	"errors"
	"time"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// hookTimeout bounds the hooks before or after an action: a supervisor must not
// be held up for good by a hook that hangs in a sick container.
const hookTimeout = time.Minute

// hooksAround are the hooks that run before and after the action: pre_stop in
// what still runs, post_start in what runs again.
func hooksAround(action restartpolicy.Action, s *project.Service, seen engine.Inspection) (before, then []plan.RunHook) {
	stops := action == restartpolicy.Stop || action == restartpolicy.Restart
	starts := action == restartpolicy.Start || action == restartpolicy.Restart
	if stops && seen.State == engine.Running {
		for i, h := range s.PreStop {
			before = append(before, plan.RunHook{Target: seen.Ref, Service: s.Name, Kind: "pre_stop", Index: i, Hook: h})
		}
	}
	if starts {
		for i, h := range s.PostStart {
			then = append(then, plan.RunHook{Target: seen.Ref, Service: s.Name, Kind: "post_start", Index: i, Hook: h})
		}
	}
	return before, then
}

// runHooks runs the hooks in order, until one fails. That is recorded, and
// changes nothing else: a sick container is restarted whatever its hooks say,
// and one that started runs on, as it does after up.
func (l *loop) runHooks(ctx context.Context, hooks []plan.RunHook) error {
	if len(hooks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, hookTimeout, errors.New("no end within "+hookTimeout.String()))
	defer cancel()
	for _, h := range hooks {
		if err := l.runHook(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) runHook(ctx context.Context, h plan.RunHook) error {
	if l.opt.HookOutput == nil {
		return apply.RunHook(ctx, l.engine, h, nil)
	}
	out := l.opt.HookOutput(h)
	defer out.Close() // output that cannot be shown changes nothing
	return apply.RunHook(ctx, l.engine, h, out)
}

// preparing reports whether post_start hooks of the container may still run:
// what depends on it starts after them.
func (l *loop) preparing(w *ward) bool {
	s := l.want.Service(w.service)
	return w.acting == restartpolicy.Start && s != nil && len(s.PostStart) > 0
}
