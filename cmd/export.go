package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
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
		err = writeAtomically(s.hostPath(output), write)
	}
	if err != nil {
		return err
	}
	s.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Done, Text: "Exported"})
	return nil
}

// writeAtomically lets the file appear with mode 0600 once it is complete.
func writeAtomically(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	var at *os.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("write %s: %w", name, at.Err) // the temporary name says nothing
	}
	if err != nil {
		return err
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return err
}
