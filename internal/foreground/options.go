package foreground

import (
	"context"
	"io"
	"os"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// Parts are what every command in the foreground works with.
type Parts struct {
	Engine  engine.Engine
	Project *project.Project
	// Feed is read for what happens; with nil every reader makes its own.
	Feed *feed.Feed
	// Run runs an operation on the project.
	Run     func(ctx context.Context, op operation.Operation) error
	Printer ui.Printer
	// Inform says what came of something.
	Inform func(text string)
	Out    io.Writer
	// Hooks shows what programs print that are run inside of containers.
	Hooks func(plan.RunHook) io.WriteCloser
}

// withFeed are the parts of which all read one feed.
func (p Parts) withFeed(f *feed.Feed) Parts {
	run := p.Run
	p.Feed = f
	p.Run = func(ctx context.Context, op operation.Operation) error {
		op.Feed = f
		return run(ctx, op)
	}
	return p
}

// withBegin are the parts whose operations tell of each plan before they do it.
func (p Parts) withBegin(tell func(engine.Observed, plan.Plan)) Parts {
	run := p.Run
	p.Run = func(ctx context.Context, op operation.Operation) error {
		begin := op.Begin
		op.Begin = func(ctx context.Context, have engine.Observed, p plan.Plan) error {
			tell(have, p)
			if begin == nil {
				return nil
			}
			return begin(ctx, have, p)
		}
		return run(ctx, op)
	}
	return p
}

// Options are the parts and choices of Up.
type Options struct {
	Parts
	// Converge is the operation that up is.
	Converge       operation.Operation
	Scope          Scope
	AbortOnExit    bool // everything is stopped once a container ends,
	AbortOnFailure bool // or ends with another code than 0
	// Watched are the patterns of the services to watch, with Watch from the start.
	Watched    []string
	Watch      bool
	QuietBuild bool
	Logs       *ui.Logs
	// TakeSignals makes signals arrive here until release is called.
	TakeSignals func() (signals <-chan os.Signal, release func())
	Keys        Keys // zero is none
	// Keeper has the place and the environment of the supervisor inside.
	Keeper keeper.Options
	// Detached is called when the containers are left to themselves.
	Detached func(ctx context.Context)
}

// Up runs up in the foreground: it converges, shows what the containers say, and
// stops them when it is interrupted or told to abort. The exit code, unless it is
// zero, is to be the command's, whatever the error.
func Up(ctx context.Context, opt Options) (code int, err error) {
	f := feed.New(context.WithoutCancel(ctx), opt.Project.Name, opt.Engine) // what is stopped is waited for
	defer f.Close()
	opt.Parts = opt.Parts.withFeed(f)
	stopper := newStopper(opt.Parts, opt.Scope.attached) // what it stops has ended for good
	own := new(expectedExits)
	opt.Parts = opt.Parts.withBegin(own.expect)
	a := &attached{
		Options: opt, follower: newFollower(opt), stopper: stopper, expected: own,
		verdict: verdict{project: opt.Project, scope: opt.Scope, abortOnExit: opt.AbortOnExit, abortOnFailure: opt.AbortOnFailure},
		watcher: watcher{Options: opt, wanted: opt.Watch},
	}
	if opt.Watch {
		if err := a.watcher.arm(ctx); err != nil {
			return 0, err
		}
	}
	defer a.watcher.disarm()
	return a.run(ctx)
}
