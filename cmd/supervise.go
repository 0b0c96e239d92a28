package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

type superviseOptions struct {
	status    bool
	json      bool
	install   bool
	printUnit bool
	logFormat string
	metrics   string
}

func superviseCmd(s *setup) *cobra.Command {
	var opt superviseOptions
	c := &cobra.Command{
		Use: "supervise [OPTIONS] [SERVICE...]", Short: "Keep the stack true: restart policies, health and dependencies",
		Long: `Keep the stack true: restart policies, health and dependencies.

Runs in the foreground until it is interrupted; the containers stay as they are
then. One supervisor works on a project at a time. What the engine enforces by
itself it leaves to the engine, and takes over where the engine gives up.`,
		RunE: func(c *cobra.Command, args []string) error { return runSupervise(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.status, "status", false, "Ask the running supervisor what it sees and plans")
	f.BoolVar(&opt.json, "json", false, "With --status: print JSON")
	f.BoolVar(&opt.install, "install", false, "Install and describe a systemd unit that supervises this project")
	f.BoolVar(&opt.printUnit, "print-unit", false, "Print that unit")
	f.StringVar(&opt.logFormat, "log-format", "text", "Format of the audit lines: text or json")
	f.StringVar(&opt.metrics, "metrics", "", "Serve status and Prometheus metrics on unix:PATH or 127.0.0.1:PORT too (they always are on a unix socket of those who may use the engine)")
	completeWords(c, "log-format", "text", "json")
	return c
}

func runSupervise(ctx context.Context, s *setup, opt superviseOptions, args []string) error {
	if opt.logFormat != "text" && opt.logFormat != "json" {
		return fmt.Errorf("unsupported --log-format %q: use text or json", opt.logFormat)
	}
	if opt.status {
		return superviseStatus(ctx, s, opt)
	}
	p, err := s.load(ctx, args, need{})
	if err != nil {
		return err
	}
	names, err := p.Match(args...)
	if err != nil {
		return err
	}
	if opt.printUnit || opt.install {
		return superviseUnit(s.app, s.console, p, opt, args)
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	if s.global.dryRun {
		if len(names) == 0 {
			names = p.ServiceNames()
		}
		s.inform("would supervise " + strings.Join(names, ", "))
		return nil
	}
	k, err := keeper.Take(ctx, keeper.Options{
		Engine: e, Project: p, Services: names, Place: s.lockOptions(e, p.Name, "supervise"), Acquire: s.acquire, Report: s.printer,
		Audit: keeper.Audit(s.Out, opt.logFormat == "json"), Metrics: opt.metrics, Env: s.app.Env,
		Reload: func(ctx context.Context) (*project.Project, error) { return reload(ctx, s.finder, names) },
	})
	if err != nil {
		return err
	}
	defer k.Release()
	return k.Run(ctx)
}

// superviseStatus asks the supervisor that runs.
func superviseStatus(ctx context.Context, s *setup, opt superviseOptions) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	all, err := askSupervisor(ctx, s.engines, s.locks, name)
	if err != nil && !errors.Is(err, metrics.ErrNobody) {
		return fmt.Errorf("ask the supervisor of project %s: %w", cmp.Or(name, "?"), err)
	}
	if err != nil {
		return fmt.Errorf("no supervisor runs for project %s: start one with `muster supervise`: %w", cmp.Or(name, "?"), err)
	}
	if opt.json {
		enc := ui.NewJSONEncoder(s.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	return ui.SupervisionTable(all).Print(s.Out, "table")
}
