package foreground

import (
	"context"
	"errors"
	"os"
	"testing"
)

// TestGroup: who is interrupted ends, with the reason, and is waited for; who has
// ended by itself is forgotten; and a wait ends for somebody who is impatient.
func TestGroup(t *testing.T) {
	var g group
	why, own := errors.New("why"), errors.New("own")
	short := g.start(t.Context(), "short", func(context.Context) error { return own })
	<-short.ended()
	var working []*actor
	for range 3 {
		working = append(working, g.start(t.Context(), "long", func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}))
	}
	if n := len(g.ends()); n != 3 || short.err != own {
		t.Errorf("%d actors are left, and the first ended with %v", n, short.err)
	}
	free := make(chan struct{})
	deaf := g.add(&actor{interrupt: func(error) {}}, func() error { <-free; return nil })
	g.interrupt(why)
	impatient := make(chan os.Signal, 1)
	impatient <- os.Interrupt
	g.wait(impatient)
	select {
	case <-deaf.ended():
		t.Error("nobody told it to end")
	default:
	}
	close(free)
	g.wait(nil)
	for _, a := range working {
		if <-a.ended(); a.err != why {
			t.Errorf("it ended with %v, want the reason", a.err)
		}
	}
	if (*actor)(nil).ended() != nil {
		t.Error("who is not there has ended")
	}
}
