package cmd

import (
	"context"
	"errors"
	"time"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// followLogs prints what the containers said and say, those that come later
// included, until all are gone.
func followLogs(ctx context.Context, c *console, e engine.Engine, t target, sel func(engine.Container) bool, cs []engine.Container, read engine.LogOptions, show ui.LogView) error {
	spool := ui.NewSpool(c.printer.Around)
	out := spool.Writer(c.Out)
	printer := show.Printer(out, cs)
	if read.Until != "" { // the engine sends nothing later, but notices only when something comes
		at, err := instant(read.Until, time.Now())
		if err != nil {
			return err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, at, errUntil)
		defer cancel()
	}
	err := output.Follow(ctx, e, output.FollowOptions{Project: t.name, Want: t.project, Select: sel, Past: &read}, func(o output.Output) error {
		return printer.Output(o)
	})
	if errors.Is(err, errUntil) {
		err = nil
	}
	if closeErr := printer.Close(); err == nil {
		err = closeErr
	}
	if closeErr := spool.Close(); err == nil {
		err = closeErr
	}
	return err
}

var errUntil = errors.New("reached --until")
