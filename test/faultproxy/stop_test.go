//go:build e2e

package faultproxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// deafFile are two services that take their whole grace period to stop.
const deafFile = `
services:
  store:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]
    stop_grace_period: 1s
    restart: always
  web:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]
    stop_grace_period: 1s
    depends_on: [store]
`

// TestInterruptedStop ends whatever stops containers while the engine waits out
// the grace period of the first or of the second. The engine goes on with it, so
// an up that says that all runs must have seen it through: nothing is left of
// the stop that could come back. One that kills at once has been carried out when
// its caller dies, and is not yet listed.
func TestInterruptedStop(t *testing.T) {
	binary := testrun.Current(t).Muster(t)
	for i, command := range []string{"stop", "down", "restart", "rm -sf", "up -d --force-recreate", "kill", "down -t 0"} {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
			for _, nth := range []int{1, 2} {
				if nth == 2 && sig != syscall.SIGKILL {
					continue // what catches its signals is at the same place in both
				}
				if sig == []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2] {
					continue // the commands take turns with what they catch alike
				}
				name := strings.Join([]string{command, sig.String(), []string{"first", "second"}[nth-1]}, "/")
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					interruptStop(t, binary, strings.Fields(command), sig, nth)
				})
			}
		}
	}
}

func interruptStop(t *testing.T, binary string, command []string, sig syscall.Signal, nth int) {
	words := strings.NewReplacer(" ", "", "-", "").Replace(strings.Join(command, ""))
	s := newStack(t, binary, strings.ToLower(words+sig.String()[:1]+string('0'+rune(nth))))
	if err := os.WriteFile(filepath.Join(s.dir, "compose.yaml"), []byte(deafFile), 0o644); err != nil {
		t.Fatal(err)
	}
	s.must("1", "up", "-d")
	events, err := s.engine.Watch(t.Context(), s.name)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	tool := s.start("1", command...)
	tool.release()
	signal := "15"
	if command[0] == "kill" {
		signal = "9"
	}
	s.awaitStop(events, signal, nth)
	_ = tool.Process.Signal(sig) // it may have ended
	tool.wait()

	up := s.start("1", "up", "-d")
	up.release()
	if code := up.wait(); code != 0 {
		t.Fatalf("%s = %d:\n%s", up, code, up.output())
	}
	s.complete()
	past, err := s.engine.Recall(t.Context(), s.name)
	if err != nil {
		t.Fatal(err)
	}
	pending := map[string]string{}
	for _, ev := range past {
		switch ev.Action {
		case "kill", "die":
			pending[ev.Container.ID] = ev.Container.Name
		case "start", "destroy":
			delete(pending, ev.Container.ID)
		}
	}
	if len(pending) > 0 {
		t.Errorf("being stopped or ended after up: %v\nit said\n%s\nand the command before\n%s", pending, up.output(), tool.output())
	}
	s.end()
}

// awaitStop returns when the engine has sent the n-th signal.
func (s *stack) awaitStop(events engine.EventStream, signal string, nth int) {
	s.Helper()
	ctx, cancel := patience.OfEngine().Context(s.Context())
	defer cancel()
	for nth > 0 {
		ev, err := events.Next(ctx)
		if err != nil {
			s.Fatal(err)
		}
		if ev.Action == "kill" && ev.Signal == signal {
			nth--
		}
	}
}
