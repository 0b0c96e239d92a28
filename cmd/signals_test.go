package cmd

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/musterdev/muster/internal/host"
)

// TestSignalBeforeTheEnd: a signal that came before a command's end counts, though
// nobody had the time to listen.
func TestSignalBeforeTheEnd(t *testing.T) {
	for range 100 {
		signals := make(chan os.Signal, 1)
		var i interrupts
		ctx, stop := i.start(context.Background(), func() (<-chan os.Signal, func()) { return signals, func() {} }, nil)
		signals <- os.Interrupt
		stop()
		var sig *host.Interrupt
		if !errors.As(context.Cause(ctx), &sig) || exitCode(ctx, nil) != 130 {
			t.Fatalf("the cause is %v, want the signal", context.Cause(ctx))
		}
	}
}
