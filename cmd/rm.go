package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

type rmOptions struct {
	force   bool
	stop    bool
	volumes bool
	all     bool // no effect, as in the reference
}

func rmCmd(s *setup) *cobra.Command {
	var opt rmOptions
	c := &cobra.Command{
		Use: "rm [OPTIONS] [SERVICE...]", Short: "Remove stopped service containers",
		Long: "Remove stopped service containers. Named volumes stay; use down --volumes for them.",
		RunE: func(c *cobra.Command, args []string) error { return runRm(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.force, "force", "f", false, "Don't ask to confirm removal")
	f.BoolVarP(&opt.stop, "stop", "s", false, "Stop the containers first, if required")
	f.BoolVarP(&opt.volumes, "volumes", "v", false, "Remove any anonymous volumes attached to containers")
	f.BoolVarP(&opt.all, "all", "a", false, "Has no effect")
	f.Lookup("all").Hidden = true
	return c
}

func runRm(ctx context.Context, s *setup, opt rmOptions, args []string) error {
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	names, none, err := serviceArgs(ctx, s.finder, s.engines, t, args)
	if err != nil {
		return err
	}
	const nothing = "No stopped containers"
	if none {
		s.inform(nothing)
		return nil
	}
	return operate(ctx, s, operation.Operation{
		Name: "remove", Project: t.name, Want: t.project, Nothing: nothing,
		Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
			return up.PlanRemove(t.project, have, up.RemoveOptions{Services: names, Stop: opt.stop, Volumes: opt.volumes})
		},
		Question: func(p plan.Plan) string {
			if p.Empty() {
				return ""
			}
			return "Going to remove " + strings.Join(removals(p), ", ")
		},
		Ask: func(question string) (bool, error) {
			if opt.force {
				s.inform(question)
				return true, nil
			}
			yes, err := s.confirm(question, false)
			if err != nil || !yes {
				return false, cancelled(err)
			}
			return true, nil
		},
	})
}

// removals are the names of the containers that the plan removes.
func removals(p plan.Plan) []string {
	var names []string
	for _, st := range p.Steps {
		if about := st.Action.About(); about.Removes {
			names = append(names, about.Target.Name)
		}
	}
	return names
}

// cancelled is the end of a command that was not confirmed: no error.
func cancelled(err error) error {
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return &exitError{}
}
