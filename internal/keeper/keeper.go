package keeper

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/notify"
	"github.com/musterdev/muster/project"
)

// Reporter tells people what they must know beside the audit.
type Reporter interface {
	Warn(text string)
	Info(text string)
}

// Options are a supervisor's parts and choices.
type Options struct {
	Engine  supervise.Supervised
	Project *project.Project
	// Services narrows the supervision; empty is all of them.
	Services []string
	// Place is where the project's locks and sockets are.
	Place lock.Options
	// Acquire takes a lock at the place.
	Acquire func(ctx context.Context, opt lock.Options) (release func(), err error)
	Report  Reporter
	Audit   func(supervise.Record)
	// Metrics is an address to serve besides the project's own socket; empty is none.
	Metrics string
	// Env is the environment, K=V, of which alert commands see what they need to run.
	Env []string
	// Reload loads the project again after one of its files changed. With nil changes
	// are not taken over.
	Reload func(ctx context.Context) (*project.Project, error)
	// See supervise.SuperviseOptions.
	Feed       *feed.Feed
	HookOutput func(plan.RunHook) io.WriteCloser
	Busy       func(bool)
	BusyWith   []string
}

// Keeper has the right to supervise its project.
type Keeper struct {
	opt     Options
	release func()
}

// Take takes the right to supervise the project. It fails with a *lock.HeldError
// if another process has it.
func Take(ctx context.Context, opt Options) (*Keeper, error) {
	only := opt.Place
	only.Kind, only.Timeout = lock.Supervisor, -1
	release, err := opt.Acquire(ctx, only)
	if err != nil {
		return nil, err
	}
	return &Keeper{opt: opt, release: release}, nil
}

// Release gives the right back.
func (k *Keeper) Release() { k.release() }

// Run supervises the project until ctx ends. Its status is always served on the
// project's own socket: that is where `ps` and `up` look for it.
func (k *Keeper) Run(ctx context.Context) error {
	opt := k.opt
	listeners, err := listen(opt)
	if err != nil {
		return err
	}
	var changes *modelWatch
	if opt.Reload != nil {
		if changes, err = watchModel(opt.Project.Files); err != nil {
			return errors.Join(err, closeAll(listeners))
		}
		defer changes.Close()
	}
	counts := metrics.New(opt.Project.Name)
	teller := notify.New(alertEnvironment(opt.Env), func(err error) { opt.Report.Warn(err.Error()) })
	models := make(chan *project.Project)
	exclusive := &sharedLock{acquire: func(ctx context.Context) (func(), error) { return opt.Acquire(ctx, opt.Place) }}
	sup := supervise.NewSupervisor(opt.Engine, supervise.SuperviseOptions{
		Feed:     opt.Feed,
		Services: opt.Services, Exclusive: exclusive.take, Models: models, Busy: opt.Busy, BusyWith: opt.BusyWith, HookOutput: opt.HookOutput,
		Record: func(r supervise.Record) {
			opt.Audit(r)
			counts.Record(r)
			teller.Send(opt.Project, r)
		},
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sup.Run(ctx, opt.Project) })
	group.Go(func() error { return counts.Serve(ctx, sup, listeners...) })
	group.Go(func() error { teller.Run(ctx); return nil })
	if opt.Reload != nil {
		group.Go(func() error { return changes.run(ctx, func() { reloadProject(ctx, opt, models) }) })
		group.Go(func() error { shrink(ctx); return nil })
	}
	return group.Wait()
}

// startTime is how long a supervisor may need to read its file and to look at
// every container once.
const startTime = 5 * time.Second

// shrink gives memory back once the start is over: a supervisor runs for months
// and does little.
func shrink(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(startTime):
		debug.FreeOSMemory()
		_ = host.ReleaseStartPages() // it only costs memory
	}
}

// alertEnvironment is what a notify command sees: enough to run, and no secret
// of the project.
func alertEnvironment(env []string) []string {
	var out []string
	for _, kv := range env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot":
			out = append(out, kv)
		}
	}
	return out
}
