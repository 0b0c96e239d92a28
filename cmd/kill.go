package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/loader"
)

type killOptions struct {
	signal  string
	orphans bool
}

func killCmd(s *setup) *cobra.Command {
	var opt killOptions
	c := &cobra.Command{
		Use: "kill [OPTIONS] [SERVICE...]", Short: "Force stop service containers",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkSignal(opt.signal); err != nil {
				return err
			}
			opt.orphans = removeOrphans(c, s.env, opt.orphans)
			return runKill(c.Context(), s, opt, args)
		},
	}
	c.Flags().StringVarP(&opt.signal, "signal", "s", "SIGKILL", "SIGNAL to send to the containers")
	c.Flags().BoolVar(&opt.orphans, "remove-orphans", false, "Include containers of services that the file does not declare")
	return c
}

// checkSignal refuses what engines answer with a number that nobody wrote, or
// with nothing but "invalid".
func checkSignal(text string) error {
	if text == "" {
		return nil // SIGKILL
	}
	hint, ok := loader.Signal(text)
	switch {
	case ok:
		return nil
	case hint != "":
		return fmt.Errorf("--signal: %q is not a signal (%s)", text, hint)
	}
	return fmt.Errorf("--signal: %q is not a signal (give a name such as SIGTERM, or a number from 1 to 64)", text)
}

func runKill(ctx context.Context, s *setup, opt killOptions, args []string) error {
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	names, none, err := serviceArgs(ctx, s.finder, s.engines, t, args)
	if err != nil {
		return err
	}
	const nothing = "No container to kill"
	if none {
		s.inform(nothing)
		return nil
	}
	return operate(ctx, s, operation.Operation{
		Name: "kill", Project: t.name, Want: t.project, Nothing: nothing, After: undoing("kill"),
		Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
			return up.PlanKill(t.project, have, up.KillOptions{Services: names, Signal: opt.signal, Orphans: opt.orphans})
		},
	})
}
