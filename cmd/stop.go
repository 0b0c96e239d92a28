package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

type stopOptions struct {
	timeout    int
	timeoutSet bool
}

func stopCmd(s *setup) *cobra.Command {
	var opt stopOptions
	c := &cobra.Command{
		Use: "stop [OPTIONS] [SERVICE...]", Short: "Stop services",
		RunE: func(c *cobra.Command, args []string) error {
			opt.timeoutSet = c.Flags().Changed("timeout")
			return runStop(c.Context(), s, opt, args)
		},
	}
	c.Flags().IntVarP(&opt.timeout, "timeout", "t", 0, "Shutdown timeout in seconds")
	return c
}

func runStop(ctx context.Context, s *setup, opt stopOptions, args []string) error {
	return onServices(ctx, s, "stop", args, func(t target, names []string) operation.Operation {
		return operation.Operation{
			Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
				return up.PlanStop(t.project, have, up.StopOptions{
					Services: names, Timeout: seconds(opt.timeoutSet, opt.timeout),
				})
			},
			Begin: func(ctx context.Context, _ engine.Observed, _ plan.Plan) error {
				tellStopped(ctx, s, t.name, t.meant(names))
				return nil
			},
		}
	})
}
