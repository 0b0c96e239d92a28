package cmd

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"
)

func scaleCmd(s *setup) *cobra.Command {
	var opt createOptions
	c := &cobra.Command{
		Use: "scale [OPTIONS] SERVICE=REPLICAS...", Short: "Scale services", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runScale(c.Context(), s, opt, args) },
	}
	policyFlag(c.Flags(), &opt.policy)
	c.Flags().BoolVar(&opt.noDeps, "no-deps", false, "Don't start linked services")
	return c
}

func runScale(ctx context.Context, s *setup, opt createOptions, args []string) error {
	scale, err := parseScale(args)
	if err != nil {
		return err
	}
	opt.scale, opt.settle = args, settleTime
	return converge(ctx, s, "scale", opt, slices.Sorted(maps.Keys(scale)))
}
