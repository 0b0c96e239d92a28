package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

type downOptions struct {
	orphans    bool
	timeout    int
	timeoutSet bool
	volumes    bool
	images     string
}

func downCmd(s *setup) *cobra.Command {
	var opt downOptions
	c := &cobra.Command{
		Use: "down [OPTIONS] [SERVICE...]", Short: "Stop and remove containers and networks",
		RunE: func(c *cobra.Command, args []string) error {
			opt.timeoutSet = c.Flags().Changed("timeout")
			opt.orphans = removeOrphans(c, s.env, opt.orphans)
			return runDown(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	f.BoolVar(&opt.orphans, "remove-orphans", false, "Remove containers of services that the file does not declare")
	f.IntVarP(&opt.timeout, "timeout", "t", 0, "Shutdown timeout in seconds")
	f.BoolVarP(&opt.volumes, "volumes", "v", false, "Remove the named volumes that the file declares, and anonymous volumes")
	f.StringVar(&opt.images, "rmi", "", `Remove images used by services: "local" those without a name of their own, or "all"`)
	alias(c, s.console, "volume", "volumes")
	return c
}

func runDown(ctx context.Context, s *setup, opt downOptions, args []string) error {
	if opt.images != "" && opt.images != "local" && opt.images != "all" {
		return fmt.Errorf("invalid value for --rmi: %q: use local or all", opt.images)
	}
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	names, none, err := serviceArgs(ctx, s.finder, s.engines, t, args)
	if err != nil || none {
		return err
	}
	warnOfHooks(s.console, t, names)
	built, err := builtImages(ctx, s.engines, t.name, opt.images)
	if err != nil {
		return err
	}
	return operate(ctx, s, operation.Operation{
		Name: "down", Project: t.name, Want: t.project, After: undoing("down"),
		Nothing: fmt.Sprintf("no resource found to remove for project %q", t.name),
		Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
			return up.PlanDown(t.project, have, up.DownOptions{
				Services: names, RemoveOrphans: opt.orphans, Volumes: opt.volumes, Images: opt.images,
				Built: built, Timeout: seconds(opt.timeoutSet, opt.timeout),
			})
		},
	})
}

// builtImages are the images of the project, if they are to be removed.
func builtImages(ctx context.Context, f *engines, name, rmi string) ([]engine.BuiltImage, error) {
	if rmi == "" {
		return nil, nil
	}
	e, err := f.engine()
	if err != nil {
		return nil, err
	}
	return e.ListBuiltImages(ctx, name)
}
