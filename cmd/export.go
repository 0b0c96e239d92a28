package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/hostfile"
)

func exportCmd(s *setup) *cobra.Command {
	var output string
	var index int
	c := &cobra.Command{
		Use: "export [OPTIONS] SERVICE", Short: "Export a service container's filesystem as a tar archive",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runExport(c.Context(), s, args[0], output, index) },
	}
	c.Flags().StringVarP(&output, "output", "o", "", "Write to a file, instead of STDOUT")
	c.Flags().IntVar(&index, "index", 0, "Index of the container if the service has several")
	return c
}

func runExport(ctx context.Context, s *setup, service, output string, index int) error {
	if output == "" && s.Terminal.Out {
		return fmt.Errorf("refusing to write a tar archive to a terminal: use --output or redirect")
	}
	e, c, err := pickAny(ctx, s, service, index)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		s.inform("would export " + c.Name + " to " + cmp.Or(output, "standard output"))
		return nil
	}
	s.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Working, Text: "Exporting"})
	write := func(w io.Writer) error { return e.ExportContainer(ctx, c.Ref, w) }
	if output == "" {
		err = write(s.Out)
	} else {
		err = hostfile.Write(ctx, s.hostPath(output), write)
	}
	if err != nil {
		return err
	}
	s.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Done, Text: "Exported"})
	return nil
}
