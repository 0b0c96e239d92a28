package operation

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/lock"
)

// Reporter shows people the progress of an operation.
type Reporter interface {
	Begin(operation string, p plan.Plan)
	Report(engine.Progress)
	Info(text string)
	End()
}

// Runner runs operations with the parts that it is given.
type Runner struct {
	Engine engine.Engine
	// Listening are those of the ports that something on this host listens on.
	Listening func(ports []int) []plan.Listener

	Reporter Reporter
	// Inform says what came of an operation, and Warn what is said once.
	Inform, Warn func(text string)
	// Acknowledge says at once that the end of ctx was heard, although what the
	// engine was asked for is waited for. What it returns ends that.
	Acknowledge func(ctx context.Context) (done func())

	// Place is where the locks and notes of an operation of that name are.
	Place func(project, operation string) lock.Options
	// Acquire takes the lock of a project, and Held is the one that was taken last;
	// nil is none.
	Acquire func(ctx context.Context, opt lock.Options) (release func(), err error)
	Held    func() *lock.Lock
	// Early is what was begun before the project was loaded; nil is nothing.
	Early *EarlyStart

	ImageLimit int // pulls and builds at the same time; zero is any number
	// HookOutput shows what hooks print; nil drops it.
	HookOutput func(plan.RunHook) io.WriteCloser
	// Provider and Model run the programs of others; see apply.ApplyOptions.
	Provider func(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error)
	Model    func(folder string) func(ctx context.Context, a plan.PrepareModel, tell func(string)) error
}

// Run observes, plans and applies under the project's lock.
func (r *Runner) Run(ctx context.Context, op Operation) error {
	release, seen, err := r.lock(ctx, op)
	if err != nil {
		return err
	}
	defer release()
	var end func()
	op.Feed, end = feed.Use(context.WithoutCancel(ctx), op.Feed, op.Project, r.Engine) // what was begun is waited for
	defer end()
	agreed := map[string]bool{}
	for pause := firstPause; ; pause *= 2 {
		a := &attempt{Runner: r, op: op, agreed: agreed, seen: seen}
		seen = nil
		err := a.run(ctx)
		if pause > longestPause || !errors.Is(err, engine.ErrStale) {
			return err
		}
		r.Reporter.Info("the engine changed in the meantime (an earlier, interrupted command): retrying")
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// The pauses before an operation is begun again on an engine that changed under
// it. Nothing announces the late calls of a run that was killed, so that there
// is nothing to wait for but time.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// Plan is the plan of an operation that is not going to be applied: nobody is
// locked out, waited for or asked.
func (r *Runner) Plan(ctx context.Context, op Operation) (plan.Plan, error) {
	op.Ask = nil
	a := &attempt{Runner: r, op: op, dry: true}
	_, p, err := a.plan(ctx)
	return p, err
}

// lock takes the project's lock, or both the lock and the observation that were
// begun before. Whoever has to wait is told for whom.
func (r *Runner) lock(ctx context.Context, op Operation) (release func(), seen *up.Observation, err error) {
	if unlock, seen := r.Early.take(op.Project); unlock != nil {
		return unlock, seen, nil
	}
	opt := r.Place(op.Project, op.Name)
	opt.Waiting = func(h lock.Holder) {
		if h.Self() { // beside it: a key of the menu, a file that changed
			return
		}
		r.Reporter.Info("waiting for project " + op.Project + ": " + h.String() + " works on it")
	}
	release, err = r.Acquire(ctx, opt)
	return release, nil, err
}
