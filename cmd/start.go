package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

// settleTime is how long a container without a check must stay up to count as
// ready for --wait.
const settleTime = time.Second

type startOptions struct {
	wait        bool
	waitTimeout int
	settle      time.Duration
}

func startCmd(s *setup) *cobra.Command {
	var opt startOptions
	c := &cobra.Command{
		Use: "start [OPTIONS] [SERVICE...]", Short: "Start services",
		RunE: func(c *cobra.Command, args []string) error { return runStart(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.wait, "wait", false, "Wait for services to be running or healthy")
	f.IntVar(&opt.waitTimeout, "wait-timeout", 0, "Maximum duration in seconds to wait for the project to be ready")
	f.DurationVar(&opt.settle, "settle", settleTime, "How long a service without a health check must stay up to be ready")
	return c
}

func runStart(ctx context.Context, s *setup, opt startOptions, args []string) error {
	if opt.waitTimeout < 0 {
		return fmt.Errorf("--wait-timeout must not be negative (found: %d)", opt.waitTimeout)
	}
	return onServices(ctx, s, "start", args, func(t target, names []string) operation.Operation {
		return operation.Operation{Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
			return up.PlanStart(t.project, have, up.StartOptions{
				Services: names, Wait: opt.wait, WaitTimeout: time.Duration(opt.waitTimeout) * time.Second, Settle: opt.settle,
			})
		}}
	})
}

// undoing are the calls that undo a command when they take effect after it.
func undoing(command string) []string {
	switch command {
	case "stop", "kill":
		return []string{"start", "restart"}
	case "pause":
		return []string{"start", "restart", "unpause"}
	case "unpause":
		return []string{"pause"}
	case "down":
		return []string{"create"}
	}
	return nil
}

// onServices runs a command on services that are there, with or without their
// file; work says what is its own.
func onServices(ctx context.Context, s *setup, name string, args []string, work func(t target, names []string) operation.Operation) error {
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	names, none, err := serviceArgs(ctx, s.finder, s.engines, t, args)
	if err != nil || none {
		return err
	}
	warnOfHooks(s.console, t, names)
	op := work(t, names)
	op.Name, op.Project, op.Want = name, t.name, t.project
	op.Recalls, op.After = name == "start", undoing(name)
	return operate(ctx, s, op)
}
