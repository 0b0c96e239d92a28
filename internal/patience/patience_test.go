package patience

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// on is the patience on a machine where a container's life takes as long as said,
// one measurement after the other; the last says it for good.
func on(takes ...time.Duration) Patience {
	measure := func() (time.Duration, error) {
		life := takes[0]
		if len(takes) > 1 {
			takes = takes[1:]
		}
		time.Sleep(life)
		return life, nil
	}
	return Patience{first: measure, again: measure}
}

func TestPatienceIsAsLongAsTheMachineIsSlow(t *testing.T) {
	broken := func() (time.Duration, error) { return 0, errors.New("no engine") }
	for _, tc := range []struct {
		name string
		p    Patience
		want time.Duration
	}{
		{"no engine takes part", InMemory(), least},
		{"fast", on(100 * time.Millisecond), least + 100*time.Millisecond},
		{"slow", on(4 * time.Second), lives*4*time.Second + 4*time.Second},
		{"slower and slower", on(time.Second, 3*time.Second, 8*time.Second), lives*8*time.Second + 8*time.Second},
		{"the engine is gone", Patience{first: broken, again: broken}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				<-tc.p.Out(t.Context())
				if took := time.Since(began); took != tc.want {
					t.Errorf("gives up after %s, want %s", took, tc.want)
				}
			})
		})
	}
}

func TestWaitLooksAgainUntilItIsMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		InMemory().Until(t, "a minute", func() bool { return time.Since(began) > time.Minute })
		if InMemory().Wait(t.Context(), func() bool { return false }) {
			t.Error("what never comes has come")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if InMemory().Wait(ctx, func() bool { return false }) {
			t.Error("what never comes has come")
		}
	})
}

func TestContextEndsAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := InMemory().Context(t.Context())
		defer cancel()
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ends with %v", err)
		}
		short, stop := InMemory().Context(t.Context())
		stop()
		if err := context.Cause(short); !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
	})
}
