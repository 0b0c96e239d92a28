package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/stats"
	"github.com/musterdev/muster/internal/ui"
)

func topCmd(s *setup) *cobra.Command {
	format := ""
	c := &cobra.Command{
		Use: "top [OPTIONS] [SERVICES...]", Short: "Display the running processes",
		RunE: func(c *cobra.Command, args []string) error { return runTop(c.Context(), s, format, args) },
	}
	c.Flags().StringVar(&format, "format", "table", "Format the output: table, or json for an object per process")
	return c
}

func runTop(ctx context.Context, s *setup, format string, args []string) error {
	if format != "table" && format != "json" {
		return fmt.Errorf("unknown format %q: use table or json", format)
	}
	v, err := viewNamed(ctx, s, args)
	if err != nil {
		return err
	}
	slices.SortFunc(v.containers, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(oneOffRank(a), oneOffRank(b)), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	table, err := processes(ctx, v.engine, v.containers)
	if err != nil {
		return err
	}
	if format == "json" {
		return table.PrintJSON(s.Out)
	}
	return table.Print(s.Out)
}

// processes are those of the containers that run. One that ends meanwhile has none.
func processes(ctx context.Context, e engine.Inside, cs []engine.Container) (ui.ProcessTable, error) {
	var table ui.ProcessTable
	for _, c := range cs {
		if !stats.Measurable(c) {
			continue
		}
		titles, processes, err := e.Top(ctx, c.Ref)
		if errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrConflict) {
			continue
		}
		if err != nil {
			return table, err
		}
		number := ""
		if !c.OneOff {
			number = strconv.Itoa(c.Number)
		}
		table.Add(ui.ProcessesOf{Service: c.Service, Container: c.Name, Number: number, Titles: titles, Processes: processes})
	}
	return table, nil
}
