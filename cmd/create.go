package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func (s *session) createCmd() *cobra.Command {
	var opt createOptions
	c := &cobra.Command{
		Use: "create [OPTIONS] [SERVICE...]", Short: "Create containers without starting them",
		RunE: func(c *cobra.Command, args []string) error {
			opt.settleFlags(s, c)
			return s.create(c.Context(), opt, args)
		},
	}
	s.createFlags(c, &opt)
	return c
}

func (s *session) create(ctx context.Context, opt createOptions, args []string) error {
	opt.noStart = true
	if err := opt.check(); err != nil {
		return err
	}
	return s.converge(ctx, "create", opt, args)
}

// converge brings the services in line with the file and comes back.
func (s *session) converge(ctx context.Context, name string, opt createOptions, args []string) error {
	stop := s.goAhead(ctx, "create")
	defer stop()
	op, err := s.upOperation(ctx, name, opt, args)
	if err != nil {
		return err
	}
	return s.run(ctx, op)
}
