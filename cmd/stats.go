package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/ui"
)

type statsOptions struct {
	all      bool
	format   string
	noStream bool
	noTrunc  bool
}

func statsCmd(s *session) *cobra.Command {
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

// meter is an engine that measures what containers use.
type meter interface {
	Stats(ctx context.Context, c engine.Ref, follow bool, emit func(engine.Stats) error) error
}

func runStats(ctx context.Context, s *session, opt statsOptions, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	measure, ok := e.(meter)
	if !ok {
		return fmt.Errorf("measure containers: %w", engine.ErrUnsupported)
	}
	list := func(ctx context.Context) ([]engine.Container, error) {
		cs, err := containersNamed(ctx, s, e, name, args)
		if err != nil {
			return nil, err
		}
		return measured(cs, opt.all), nil
	}
	cs, err := list(ctx)
	if err != nil {
		return err
	}
	board := newStatsBoard(measure)
	if opt.format == "" {
		of := func(f docker.Formats) string { return f.Stats }
		opt.format = s.configured("statsFormat", of, func(format string) error {
			return ui.StatsTable(make([]ui.Measured, 1), false).Print(io.Discard, format)
		})
	}
	format := strings.TrimSpace(opt.format)
	if opt.noStream || !s.Terminal.Out || format == "json" || format == "{{json .}}" {
		rows, err := board.once(ctx, cs)
		if err != nil {
			return err
		}
		return ui.StatsTable(rows, opt.noTrunc).Print(s.Out, opt.format)
	}
	return showStats(ctx, s, board, liveStats{watch: e, project: name, list: list, options: opt})
}

// measured are the containers that are shown, by service and number.
func measured(cs []engine.Container, all bool) []engine.Container {
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return !all && !measurable(c) })
	slices.SortFunc(cs, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return cs
}

func measurable(c engine.Container) bool {
	return c.State == engine.Running || c.State == engine.Paused
}
