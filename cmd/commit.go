package cmd

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
)

func commitCmd(s *setup) *cobra.Command {
	var opt engine.CommitOptions
	var index int
	c := &cobra.Command{
		Use: "commit [OPTIONS] SERVICE [REPOSITORY[:TAG]]", Short: "Create a new image from a service container's changes",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				opt.Reference = args[1]
			}
			return runCommit(c.Context(), s, args[0], index, opt)
		},
	}
	f := c.Flags()
	f.IntVar(&index, "index", 0, "Index of the container if the service has several")
	f.BoolVarP(&opt.Pause, "pause", "p", true, "Pause container during commit")
	f.StringVarP(&opt.Message, "message", "m", "", "Commit message")
	f.StringVarP(&opt.Author, "author", "a", "", `Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")`)
	f.StringArrayVarP(&opt.Changes, "change", "c", nil, "Apply Dockerfile instruction to the created image")
	return c
}

func runCommit(ctx context.Context, s *setup, service string, index int, opt engine.CommitOptions) error {
	e, c, err := pickAny(ctx, s, service, index)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		s.inform("would commit " + c.Name + " as " + cmp.Or(opt.Reference, "an image without a name"))
		return nil
	}
	s.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Working, Text: "Committing"})
	id, err := e.CommitContainer(ctx, c.Ref, opt)
	if err != nil {
		return err
	}
	s.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Done, Text: "Committed as " + id})
	return nil
}
