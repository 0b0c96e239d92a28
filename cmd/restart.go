package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

type restartOptions struct {
	timeout    int
	timeoutSet bool
	noDeps     bool
}

func restartCmd(s *setup) *cobra.Command {
	var opt restartOptions
	c := &cobra.Command{
		Use: "restart [OPTIONS] [SERVICE...]", Short: "Restart service containers",
		RunE: func(c *cobra.Command, args []string) error {
			opt.timeoutSet = c.Flags().Changed("timeout")
			return runRestart(c.Context(), s, opt, args)
		},
	}
	c.Flags().IntVarP(&opt.timeout, "timeout", "t", 0, "Shutdown timeout in seconds")
	c.Flags().BoolVar(&opt.noDeps, "no-deps", false, "Don't restart services that depend on them")
	return c
}

func runRestart(ctx context.Context, s *setup, opt restartOptions, args []string) error {
	return onServices(ctx, s, "restart", args, func(t target, names []string) operation.Operation {
		return operation.Operation{Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
			return up.PlanRestart(t.project, have, up.RestartOptions{
				Services: names, NoDeps: opt.noDeps, Timeout: seconds(opt.timeoutSet, opt.timeout),
			})
		}}
	})
}
