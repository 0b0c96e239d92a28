package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/plugins"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// operate runs an operation. A dry run prints its plan instead.
func operate(ctx context.Context, s *setup, op operation.Operation) error {
	r, err := operations(s)
	if err != nil {
		return err
	}
	if !s.global.dryRun {
		return r.Run(ctx, op)
	}
	p, err := r.Plan(ctx, op)
	if err != nil {
		return err
	}
	return printPlan(s.console, p)
}

// operations runs operations with what this command has.
func operations(s *setup) (*operation.Runner, error) {
	e, err := s.engine()
	if err != nil {
		return nil, err
	}
	return &operation.Runner{
		Engine: e, Listening: host.Listeners, Reporter: s.printer, Inform: s.inform, Warn: s.warnOnce,
		Acknowledge: func(ctx context.Context) func() { return acknowledge(ctx, &s.interrupts, s.printer) },
		Place:       func(project, name string) lock.Options { return s.lockOptions(e, project, name) },
		Acquire:     s.acquire, Held: s.held.Load, Early: s.early,
		ImageLimit: max(0, s.global.parallel), HookOutput: s.hooks, Provider: plugins.Providers{Env: s.app.Env}.Run,
		Model: func(folder string) func(context.Context, plan.PrepareModel, func(string)) error {
			return plugins.Models{Env: s.app.Env, Dir: folder}.Prepare
		},
	}, nil
}

// startEarly begins with what an operation does before its project is known. The
// function that it returns gives back what was not used.
func startEarly(ctx context.Context, s *setup, command string) (cleanUp func()) {
	opt := operation.EarlyOptions{Engine: s.engine, Recalls: command == "up"}
	if !s.global.dryRun { // which locks nobody out
		opt.Lock = func(ctx context.Context, e engine.Engine, name string) (func(), bool) {
			return s.tryLock(ctx, s.lockOptions(e, name, command))
		}
	}
	s.early = operation.StartEarly(ctx, opt)
	s.named = s.early.Named
	return s.early.Close
}

// warnOfBuilds says what of the builds this engine does otherwise than written.
func warnOfBuilds(ctx context.Context, c *console, e engine.Engine, p *project.Project) error {
	found, err := e.Check(ctx, p)
	for _, f := range found {
		if !f.Refuses && f.OfBuild() {
			c.warnOnce(f.String())
		}
	}
	return err
}

// printPlan prints what would be done, and why.
func printPlan(c *console, p plan.Plan) error {
	text := p.String()
	if p.Empty() {
		text += fmt.Sprintf("nothing to do: %s\n", unchanged(len(p.Unchanged)))
	}
	return ui.PrintText(c.Out, text)
}

func unchanged(n int) string {
	switch n {
	case 0:
		return "no containers"
	case 1:
		return "1 container up to date"
	}
	return fmt.Sprintf("%d containers up to date", n)
}

// serviceArgs resolves the services that a command that changes them names. none
// reports that names were given and nothing of that name exists, so that there
// is nothing to do.
func serviceArgs(ctx context.Context, n *finder, f *engines, t target, args []string) (names []string, none bool, err error) {
	if len(args) == 0 {
		return nil, false, nil
	}
	if t.project != nil {
		names, err = t.project.Match(args...)
		return names, false, err
	}
	e, err := f.engine()
	if err != nil {
		return nil, false, err
	}
	cs, err := engine.ListOurs(ctx, e, t.name, t.project)
	if err != nil {
		return nil, false, err
	}
	if len(cs) == 0 {
		return nil, true, nil // of a project of which nothing is there every service is down
	}
	chosen, err := chooseServices(ctx, n, t, args, cs)
	return chosen.names, chosen.none(), err
}

// seconds is a timeout flag: unset is nil.
func seconds(set bool, n int) *time.Duration {
	if !set {
		return nil
	}
	d := time.Duration(n) * time.Second
	return &d
}
