package cmd

import (
	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence"
)

func (s *session) pauseCmd() *cobra.Command {
	return &cobra.Command{
		Use: "pause [SERVICE...]", Short: "Pause services",
		RunE: func(c *cobra.Command, args []string) error {
			return s.onServices(c.Context(), "pause", args, func(t target, names []string) planner {
				return func(have convergence.Observed) (convergence.Plan, error) {
					return convergence.PlanPause(t.project, have, names)
				}
			})
		},
	}
}

func (s *session) unpauseCmd() *cobra.Command {
	return &cobra.Command{
		Use: "unpause [SERVICE...]", Short: "Unpause services",
		RunE: func(c *cobra.Command, args []string) error {
			return s.onServices(c.Context(), "unpause", args, func(t target, names []string) planner {
				return func(have convergence.Observed) (convergence.Plan, error) {
					return convergence.PlanUnpause(t.project, have, names)
				}
			})
		},
	}
}
