package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/internal/foreground"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/watch"
)

type watchOptions struct {
	quiet bool
	prune bool
	noUp  bool
}

func watchCmd(s *setup) *cobra.Command {
	var opt watchOptions
	c := &cobra.Command{
		Use: "watch [SERVICE...]", Short: "Watch build context for service and rebuild/refresh containers when files are updated",
		RunE: func(c *cobra.Command, args []string) error { return runWatch(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.quiet, "quiet", false, "Hide build output")
	f.BoolVar(&opt.prune, "prune", true, "Prune dangling images on rebuild")
	f.BoolVar(&opt.noUp, "no-up", false, "Do not build & start services before watching")
	return c
}

func runWatch(ctx context.Context, s *setup, opt watchOptions, args []string) error {
	op, err := upOperation(ctx, s, "up", createOptions{build: true, quietBuild: opt.quiet, pull: "policy", settle: settleTime}, args)
	if err != nil {
		return err
	}
	p := op.Want
	rules, err := foreground.WatchRules(p, args, s.printer.Warn)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		return watchDry(ctx, s, op, rules, opt)
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	only := s.lockOptions(e, p.Name, "watch")
	only.Kind, only.Timeout = "watch", -1
	release, err := s.acquire(ctx, only)
	if err != nil {
		return err
	}
	defer release()
	logs := s.containerLogs(p.Name)
	defer logs.Close() // what cannot be written was reported with the lines before
	w, err := foreground.ArmWatch(ctx, foreground.WatchOptions{Parts: foregroundParts(s, e, p, logs), Rules: rules, QuietBuild: opt.quiet, Prune: opt.prune})
	if err != nil {
		return err
	}
	defer w.Close()
	if !opt.noUp {
		if err := operate(ctx, s, op); err != nil {
			return err
		}
	}
	return w.Work(ctx)
}

// watchDry says what watch would do.
func watchDry(ctx context.Context, s *setup, op operation.Operation, rules []watch.Rule, opt watchOptions) error {
	if !opt.noUp {
		if err := operate(ctx, s, op); err != nil {
			return err
		}
	}
	for _, r := range rules {
		s.inform(fmt.Sprintf("would watch %s for service %s", r.Path, r.Service))
	}
	return nil
}
