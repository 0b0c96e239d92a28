package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func createCmd(s *setup) *cobra.Command {
	var opt createOptions
	c := &cobra.Command{
		Use: "create [OPTIONS] [SERVICE...]", Short: "Create containers without starting them",
		RunE: func(c *cobra.Command, args []string) error {
			opt.settleFlags(s, c)
			return runCreate(c.Context(), s, opt, args)
		},
	}
	createFlags(s, c, &opt)
	return c
}

func runCreate(ctx context.Context, s *setup, opt createOptions, args []string) error {
	opt.noStart = true
	if err := opt.check(); err != nil {
		return err
	}
	return converge(ctx, s, "create", opt, args)
}

// converge brings the services in line with the file and comes back.
func converge(ctx context.Context, s *setup, name string, opt createOptions, args []string) error {
	stop := startEarly(ctx, s, "create")
	defer stop()
	op, err := upOperation(ctx, s, name, opt, args)
	if err != nil {
		return err
	}
	return operate(ctx, s, op)
}
