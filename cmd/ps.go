package cmd

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
)

type psOptions struct {
	all    bool
	filter string
	status []string
	format string
	// formatSet says that the format was asked for, so that docker's own
	// configuration has no say in it.
	formatSet bool
	orphans   bool
	quiet     bool
	services  bool
	noTrunc   bool
}

func psCmd(s *setup) *cobra.Command {
	var opt psOptions
	c := &cobra.Command{
		Use: "ps [OPTIONS] [SERVICE...]", Short: "List containers",
		RunE: func(c *cobra.Command, args []string) error {
			opt.formatSet = c.Flags().Changed("format")
			return runPs(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	f.BoolVarP(&opt.all, "all", "a", false, "Show all containers, stopped and one-off ones too")
	f.StringVar(&opt.filter, "filter", "", "Filter services by a property: status=VALUE")
	f.StringArrayVar(&opt.status, "status", nil, "Filter services by status (paused, restarting, removing, running, dead, created, exited)")
	f.StringVar(&opt.format, "format", "table", "Format the output: table, json, raw, or a Go template")
	f.BoolVar(&opt.orphans, "orphans", true, "Include containers of services that the project does not declare")
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Only display IDs")
	f.BoolVar(&opt.services, "services", false, "Display services")
	f.BoolVar(&opt.noTrunc, "no-trunc", false, "Don't truncate output")
	return c
}

func runPs(ctx context.Context, s *setup, opt psOptions, args []string) error {
	if err := opt.check(); err != nil {
		return err
	}
	v, err := viewOf(ctx, s, args)
	if err != nil {
		return err
	}
	cs := slices.DeleteFunc(v.containers, func(c engine.Container) bool { return !opt.shows(v.target, v.chosen, c) })
	switch {
	case opt.quiet:
		slices.SortFunc(cs, func(a, b engine.Container) int { return cmp.Compare(a.Name, b.Name) })
		for _, c := range cs {
			ui.PrintLine(s.Out, c.ID)
		}
		return nil
	case opt.services:
		for _, name := range serviceNames(cs) {
			ui.PrintLine(s.Out, name)
		}
		return nil
	}
	if !opt.formatSet {
		opt.format = s.psFormat(func(format string) error {
			return ui.ContainerTable(make([]engine.Container, 1), nil, time.Now(), false).Print(io.Discard, format)
		})
	}
	operation.ShowSeen(ctx, v.engine, s.lockOptions(v.engine, v.target.name, "ps"), cs)
	supervision := keeper.Supervision(ctx, s.lockOptions(v.engine, v.target.name, "supervise"), v.target.project, cs)
	return ui.ContainerTable(cs, supervision, time.Now(), opt.noTrunc).Print(s.Out, opt.format)
}

// serviceNames are the services of the containers, sorted, each once.
func serviceNames(cs []engine.Container) []string {
	var names []string
	for _, c := range cs {
		names = append(names, c.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
