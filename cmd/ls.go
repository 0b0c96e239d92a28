package cmd

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

type lsOptions struct {
	all    bool
	filter string
	format string
	quiet  bool
}

func lsCmd(s *setup) *cobra.Command {
	var opt lsOptions
	c := &cobra.Command{
		Use: "ls [OPTIONS]", Short: "List running Compose projects", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runLs(c.Context(), s, opt) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.all, "all", "a", false, "Show all projects, stopped ones too")
	f.StringVar(&opt.filter, "filter", "", "Filter the output: name=PATTERN")
	f.StringVar(&opt.format, "format", "table", "Format the output: table or json")
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Only display project names")
	return c
}

func runLs(ctx context.Context, s *setup, opt lsOptions) error {
	keep, err := nameFilter(opt.filter)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	cs, err := engine.ListOurs(ctx, e, "", nil)
	if err != nil {
		return err
	}
	running := map[string]bool{}
	for _, c := range cs {
		running[c.Project] = running[c.Project] || c.State == engine.Running
	}
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool {
		return c.Project == "" || !keep(c.Project) || (!opt.all && !running[c.Project])
	})
	table := ui.ProjectTable(cs)
	if !opt.quiet {
		return table.Print(s.Out, opt.format)
	}
	for _, p := range table.Rows {
		ui.PrintLine(s.Out, p.Name)
	}
	return nil
}

// nameFilter is the filter of ls: name=TEXT keeps equal names and those that
// match it as a regular expression.
func nameFilter(filter string) (func(string) bool, error) {
	if filter == "" {
		return func(string) bool { return true }, nil
	}
	key, value, ok := strings.Cut(filter, "=")
	if !ok || key != "name" {
		return nil, fmt.Errorf("invalid filter %q: only name=PATTERN is known", filter)
	}
	re, err := regexp.Compile(value)
	if err != nil {
		return nil, fmt.Errorf("invalid filter %q: %w", filter, err)
	}
	return func(name string) bool { return name == value || re.MatchString(name) }, nil
}
