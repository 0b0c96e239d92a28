// Package patience says how long a test waits for what must come before it
// takes it for a hang. It is the only place with deadlines of tests: a net, never
// a measure of speed (make bench measures). It is as wide as the machine is slow,
// which a container's whole life shows, and before it closes it is measured anew:
// a machine that has become slower makes a test slower, never red.
package patience

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	// least is for machines on which everything takes no time.
	least = 2 * time.Minute
	// lives is how many containers could live and die one after the other while a
	// test waits for one thing.
	lives = 150
	// hang is how long one life may take. An engine that needs longer is broken.
	hang = 10 * time.Minute
)

// Image is what is measured with; scripts/images.sh builds it.
const Image = "muster-test/busybox:1"

// Patience is how long to wait.
type Patience struct {
	first, again func() (time.Duration, error) // how long a container's life takes
}

// InMemory is for tests that no engine takes part in.
func InMemory() Patience {
	nothing := func() (time.Duration, error) { return 0, nil }
	return Patience{first: nothing, again: nothing}
}

// OfEngine is for tests on a real engine of this machine.
func OfEngine() Patience { return Patience{first: atStart, again: containerLife} }

// atStart is measured once in a process, by the first test that has to wait.
var atStart = sync.OnceValues(containerLife)

// containerLife is how long it takes to create, start, await and remove a container.
func containerLife() (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	began := time.Now()
	if out, err := exec.CommandContext(ctx, "docker", "run", "--rm", Image, "true").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("docker run --rm %s true (make images builds the image): %w: %s", Image, err, out)
	}
	return time.Since(began), nil
}

// Out is closed when there is no sense in waiting any longer. It ends with the
// context, then without being closed.
func (p Patience) Out(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	began := time.Now()
	go func() {
		measure := p.first
		for {
			life, err := measure()
			rest := max(least, lives*life) - time.Since(began)
			if err != nil || rest <= 0 {
				close(out)
				return
			}
			timer := time.NewTimer(rest)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
			measure = p.again
		}
	}()
	return out
}

// Context is one that ends when there is no sense in waiting any longer.
func (p Patience) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	out := p.Out(ctx)
	go func() {
		select {
		case <-out:
			cancel(fmt.Errorf("it hangs: %w", context.DeadlineExceeded))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Wait asks again and again whether a condition is met. It is for what tells of
// itself in no other way; false says that there is no sense in waiting any longer.
func (p Patience) Wait(ctx context.Context, met func() bool) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := p.Out(ctx)
	for pause := time.Millisecond; !met(); pause = min(2*pause, 100*time.Millisecond) {
		select {
		case <-time.After(pause):
		case <-out:
			return met()
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Until is Wait for tests: it fails the test when what is awaited does not come.
func (p Patience) Until(t testing.TB, what string, met func() bool) {
	t.Helper()
	began := time.Now()
	if !p.Wait(t.Context(), met) {
		t.Fatalf("%s: does not come, in %s", what, time.Since(began).Round(time.Second))
	}
}
