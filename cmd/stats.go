package cmd

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/stats"
	"github.com/musterdev/muster/internal/ui"
)

type statsOptions struct {
	all      bool
	format   string
	noStream bool
	noTrunc  bool
}

func statsCmd(s *setup) *cobra.Command {
	var opt statsOptions
	c := &cobra.Command{
		Use: "stats [OPTIONS] [SERVICE]", Short: "Display a live stream of container(s) resource usage statistics",
		Long: "Display a live stream of container(s) resource usage statistics\n\n" +
			"On a terminal a table is kept up to date until Ctrl-C, containers that come\n" +
			"and go included. Elsewhere, and as JSON, everything is measured once.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runStats(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.all, "all", "a", false, "Show all containers (default shows just running)")
	f.StringVar(&opt.format, "format", "", "Format the output: table, json, or a Go template")
	f.BoolVar(&opt.noStream, "no-stream", false, "Disable streaming stats and only pull the first result")
	f.BoolVar(&opt.noTrunc, "no-trunc", false, "Do not truncate output")
	return c
}

func runStats(ctx context.Context, s *setup, opt statsOptions, args []string) error {
	v, err := viewNamed(ctx, s, args)
	if err != nil {
		return err
	}
	if opt.format == "" {
		opt.format = s.statsFormat(func(format string) error {
			return ui.StatsTable(make([]ui.Measured, 1), false).Print(io.Discard, format)
		})
	}
	format := strings.TrimSpace(opt.format)
	if opt.noStream || !s.Terminal.Out || format == "json" || format == "{{json .}}" {
		rows, err := stats.Once(ctx, v.engine, stats.Shown(v.containers, opt.all))
		if err != nil {
			return err
		}
		return ui.StatsTable(rows, opt.noTrunc).Print(s.Out, opt.format)
	}
	keep := func(ctx context.Context, listed []engine.Container) ([]engine.Container, error) {
		cs, err := engine.KeepOurs(ctx, v.engine, listed, nil)
		return stats.Shown(slices.DeleteFunc(cs, func(c engine.Container) bool { return !v.chosen.has(c.Service) }), opt.all), err
	}
	var frame ui.Frame
	table := stats.Table{Engine: v.engine, Project: v.target.name, Keep: keep, Draw: func(rows []ui.Measured) error {
		columns, lines := s.Terminal.size()
		text, err := opt.text(rows, columns)
		if err != nil {
			return err
		}
		_, err = s.Out.Write(frame.Draw(text, columns, lines))
		return err
	}}
	return table.Show(ctx)
}

// text is the table, as wide as the terminal unless a format says how it looks.
func (o statsOptions) text(rows []ui.Measured, columns int) (string, error) {
	if format := strings.TrimSpace(o.format); format == "" || format == "table" {
		return ui.StatsScreen(rows, o.noTrunc, columns)
	}
	var b strings.Builder
	err := ui.StatsTable(rows, o.noTrunc).Print(&b, o.format)
	return b.String(), err
}
