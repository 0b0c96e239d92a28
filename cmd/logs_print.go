package cmd

import (
	"bufio"
	"context"
	"errors"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// printLogs prints what the containers said so far, in the order of time. It
// all goes to standard output.
func printLogs(ctx context.Context, c *console, e engine.Engine, cs []engine.Container, read engine.LogOptions, show ui.LogView) error {
	out := bufio.NewWriterSize(c.Out, 64<<10)
	printer := show.Printer(out, cs)
	read.Timestamps = show.JSON || show.Style.Timestamps || len(cs) > 1
	unread, err := output.Merge(ctx, e, cs, read, func(i int, line engine.LogLine) error {
		return printer.Output(output.Output{Container: cs[i], Line: line})
	})
	if closeErr := printer.Close(); err == nil {
		err = closeErr
	}
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err == nil && len(unread) > 0 && len(unread) == len(cs) {
		return errors.Join(unread...)
	}
	for _, reason := range unread {
		c.printer.Warn(reason.Error())
	}
	return err
}
