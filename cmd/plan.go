package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func planCmd(s *setup) *cobra.Command {
	var opt createOptions
	c := &cobra.Command{
		Use: "plan [OPTIONS] [SERVICE...]", Short: "Print what up would do, and why",
		Long: "Print what up would do, step by step, each with its reason. Nothing is changed.",
		RunE: func(c *cobra.Command, args []string) error {
			opt.settleFlags(s, c)
			return runPlan(c.Context(), s, opt, args)
		},
	}
	createFlags(s, c, &opt)
	convergeFlags(c, &opt)
	return c
}

func runPlan(ctx context.Context, s *setup, opt createOptions, args []string) error {
	if err := opt.check(); err != nil {
		return err
	}
	s.global.dryRun = true
	return converge(ctx, s, "plan", opt, args)
}
