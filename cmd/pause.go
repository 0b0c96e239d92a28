package cmd

import (
	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

func pauseCmd(s *setup) *cobra.Command {
	return &cobra.Command{
		Use: "pause [SERVICE...]", Short: "Pause services",
		RunE: func(c *cobra.Command, args []string) error {
			return onServices(c.Context(), s, "pause", args, func(t target, names []string) operation.Operation {
				return operation.Operation{Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
					return up.PlanPause(t.project, have, names)
				}}
			})
		},
	}
}

func unpauseCmd(s *setup) *cobra.Command {
	return &cobra.Command{
		Use: "unpause [SERVICE...]", Short: "Unpause services",
		RunE: func(c *cobra.Command, args []string) error {
			return onServices(c.Context(), s, "unpause", args, func(t target, names []string) operation.Operation {
				return operation.Operation{Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
					return up.PlanUnpause(t.project, have, names)
				}}
			})
		},
	}
}
