//go:build e2e

package faultproxy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/test/faultproxy"
)

// wireFile are two services that an attached up waits for, follows and keeps.
const wireFile = `
services:
  store:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap 'exit 0' TERM; touch /up; echo up; while :; do sleep 0.05; done"]
    healthcheck: {test: ["CMD", "test", "-f", "/up"], interval: 1s}
  web:
    image: muster-test/busybox:1
    command: ["sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"]
    deploy: {restart_policy: {condition: any, delay: 100ms}}
    depends_on: {store: {condition: service_healthy}}
`

// TestAttachedUpOnTheWire: whatever an attached up does, it has one subscription to
// the engine's events, and no change of a container is listed for more than once,
// though it waits, follows and supervises.
func TestAttachedUpOnTheWire(t *testing.T) {
	s := newStack(t, testrun.Current(t).Muster(t), "wire")
	if err := os.WriteFile(filepath.Join(s.dir, "compose.yaml"), []byte(wireFile), 0o644); err != nil {
		t.Fatal(err)
	}
	var changes atomic.Int64
	s.proxy.Add(faultproxy.Rule{Match: subscribes, Action: faultproxy.Lines(func(line string) []string {
		if change.MatchString(line) {
			changes.Add(1)
		}
		return []string{line}
	})})
	up := s.start("1", "up")
	up.release()
	s.untilRuns(2)
	for n := range 3 {
		for _, c := range s.containers() {
			if c.Service == "web" {
				if err := s.engine.RestartContainer(t.Context(), c.Ref, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.untilRuns(3 + n)
	}
	if lists, most := s.calls(listsProject), 2+int(changes.Load()); lists > most {
		t.Errorf("%d lists: more than %d, which are the survey, the first look and one for each change", lists, most)
	}
	_ = up.Process.Signal(syscall.SIGINT) // whose stop reads the same subscription
	if code := up.wait(); code != 130 {
		t.Errorf("%s = %d:\n%s", up, code, up.output())
	}
	if n := s.calls(subscribes); n != 1 {
		t.Errorf("%d subscriptions", n)
	}
}

// change matches events after which a container is in another state.
var change = regexp.MustCompile(`"Action":"(create|start|die|destroy|health_status[^"]*)"`)

// subscribes is about events to come; those of the past are asked for until a time.
func subscribes(c faultproxy.Call) bool {
	return c.Path == "/events" && !strings.Contains(c.Query, "until=")
}

func listsProject(c faultproxy.Call) bool {
	return c.Path == "/containers/json" && strings.Contains(c.Query, "filters=")
}

// untilRuns waits until the output of so many runs is read.
func (s *stack) untilRuns(n int) {
	s.Helper()
	s.untilCalls("the output of runs", n, func(c faultproxy.Call) bool {
		return strings.HasSuffix(c.Path, "/logs") && strings.Contains(c.Query, "follow=1")
	})
}

func (s *stack) untilCalls(what string, n int, counts func(faultproxy.Call) bool) {
	s.Helper()
	patience.OfEngine().Until(s, what, func() bool { return s.calls(counts) >= n })
}

func (s *stack) calls(counts func(faultproxy.Call) bool) (n int) {
	for _, c := range s.proxy.Calls() {
		if counts(c) {
			n++
		}
	}
	return n
}
