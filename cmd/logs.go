package cmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

type logsOptions struct {
	follow     bool
	index      int
	tail       string
	since      string
	until      string
	timestamps bool
	noColor    bool
	noPrefix   bool
	json       bool
	grep       []string
	exclude    []string
	raw        bool
}

func logsCmd(s *setup) *cobra.Command {
	var opt logsOptions
	c := &cobra.Command{
		Use: "logs [OPTIONS] [SERVICE...]", Short: "View output from containers",
		RunE: func(c *cobra.Command, args []string) error { return runLogs(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.follow, "follow", "f", false, "Follow log output")
	f.IntVar(&opt.index, "index", 0, "Index of the container if the service has several replicas")
	f.StringVarP(&opt.tail, "tail", "n", "all", "Number of lines to show from the end of the logs for each container")
	f.StringVar(&opt.since, "since", "", "Show logs since a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	f.StringVar(&opt.until, "until", "", "Show logs before a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	f.BoolVarP(&opt.timestamps, "timestamps", "t", false, "Show timestamps")
	f.BoolVar(&opt.noColor, "no-color", false, "Produce monochrome output")
	f.BoolVar(&opt.noPrefix, "no-log-prefix", false, "Don't print prefix in logs")
	f.BoolVar(&opt.json, "json", false, "Print a JSON object per line: time, service, container, stream, message")
	f.StringArrayVar(&opt.grep, "grep", nil, "Show only lines that match the regular expression, or any of several")
	f.StringArrayVar(&opt.exclude, "exclude", nil, "Leave out lines that match the regular expression, or any of several")
	f.BoolVar(&opt.raw, "raw-logs", false, "Let containers send control sequences to the terminal")
	return c
}

func runLogs(ctx context.Context, s *setup, opt logsOptions, args []string) error {
	if opt.index != 0 && len(args) != 1 {
		return fmt.Errorf("--index needs exactly one service")
	}
	read, err := opt.span(time.Now())
	if err != nil {
		return err
	}
	lines, err := ui.NewLineFilter(opt.grep, opt.exclude)
	if err != nil {
		return err
	}
	v, err := viewOf(ctx, s, args)
	if err != nil {
		return err
	}
	shown := slices.DeleteFunc(v.containers, func(c engine.Container) bool { return !opt.shows(v.target, v.chosen, c) })
	if opt.index != 0 && len(shown) == 0 {
		return fmt.Errorf("service %q has no container #%d", args[0], opt.index)
	}
	show := ui.LogView{Lines: lines, JSON: opt.json, Style: ui.LogStyle{
		Project: v.target.name,
		Color:   s.color(s.Terminal.Out) && !opt.noColor, NoPrefix: opt.noPrefix,
		Timestamps: opt.timestamps, Terminal: s.Terminal.Out && !opt.raw,
	}}
	if opt.follow {
		sel := func(c engine.Container) bool { return opt.shows(v.target, v.chosen, c) }
		return followLogs(ctx, s.console, v.engine, v.target, sel, shown, read, show)
	}
	return printLogs(ctx, s.console, v.engine, shown, read, show)
}

// shows reports whether the container's output is wanted: that of the services
// named, or of all of the given files that do not decline with attach: false.
func (o logsOptions) shows(t target, chosen choice, c engine.Container) bool {
	if o.index != 0 && (c.Number != o.index || c.OneOff) {
		return false
	}
	if chosen.named() {
		return chosen.has(c.Service)
	}
	return t.declares(c) && !declinesAttach(t.project, c.Service)
}

// declinesAttach reports whether the service says attach: false.
func declinesAttach(p *project.Project, service string) bool {
	if p == nil {
		return false
	}
	sv := p.Service(service)
	return sv != nil && sv.Spec.Attach != nil && !*sv.Spec.Attach
}
