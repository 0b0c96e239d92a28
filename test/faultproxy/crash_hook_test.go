//go:build e2e

package faultproxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/test/faultproxy"
)

const hookFile = `
services:
  web:
    image: muster-test/busybox:1
    command: sleep 1000
    init: true
    volumes: ["/cache"]
    pre_start: [{command: ["sh", "-c", "sleep $${HOOK:-1000}"], environment: {HOOK: "${VERSION}"}}]
`

// TestCrashInPreStart kills muster while a pre_start hook runs: down removes the
// container of the hook, which runs on, and an up runs the hook anew.
func TestCrashInPreStart(t *testing.T) {
	binary := testrun.Current(t).Muster(t)
	for _, next := range []string{"down", "up"} {
		t.Run(next, func(t *testing.T) {
			s := newStack(t, binary, "hook-"+next)
			if err := os.WriteFile(filepath.Join(s.dir, "compose.yaml"), []byte(hookFile), 0o644); err != nil {
				t.Fatal(err)
			}
			tool := s.start("1000", "up", "-d")
			s.proxy.Add(faultproxy.Rule{
				Match: func(c faultproxy.Call) bool { return c.Mutates() && strings.HasSuffix(c.Path, "/start") },
				Nth:   1,
				Action: faultproxy.After(func(faultproxy.Call) bool {
					_ = tool.Process.Kill() // it may have ended
					return true
				}),
			})
			tool.release()
			if code := tool.wait(); code != -1 {
				t.Fatalf("%s ended by itself with %d:\n%s", tool, code, tool.output())
			}
			s.proxy.Heal()
			s.noteVolumes()
			hooks := 0
			for _, c := range s.containers() {
				if c.Labels[project.LabelHook] != "" && c.State == engine.Running {
					hooks++
				}
			}
			if hooks != 1 {
				t.Fatalf("%d hooks run after the kill, want 1: %+v", hooks, s.containers())
			}
			if next == "up" {
				s.must("0", "up", "-d")
				if cs := s.containers(); len(cs) != 1 || cs[0].Service != "web" || cs[0].State != engine.Running {
					t.Errorf("containers = %+v, want web alone, running", cs)
				}
			}
			s.end()
		})
	}
}
