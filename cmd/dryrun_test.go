package cmd

import (
	"slices"
	"strings"
	"testing"
)

// TestDryRunDoesNothing: with --dry-run no command changes the engine, and every
// command that would change something is tried.
func TestDryRunDoesNothing(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true, volumes: ["data:/data"]}
  stopped: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  built: {build: ., command: sleep 1000, init: true, develop: {watch: [{path: src, target: /src, action: sync}]}}
volumes: {data: }
`, "src/file": "x", "Dockerfile": "FROM muster-test/busybox:1\n"})
	h.must("up", "-d")
	h.must("stop", "-t", "0", "stopped")
	tried := map[string]bool{"wait": true} // which waits and changes nothing
	for _, line := range []string{
		"up -d", "up", "up -d --force-recreate --build", "up --watch", "create --force-recreate", "scale web=3", "run --rm web true", "run -d web true",
		"down -v --rmi all", "stop", "start", "restart", "kill", "pause", "unpause", "rm -fs",
		"exec -T web touch /x", "exec -d web touch /x", "attach web", "cp compose.yaml web:/x", "cp web:/x .", "commit web made:1", "export -o never.tar web",
		"pull", "push", "build", "watch", "supervise", "plan",
	} {
		words := strings.Fields(line)
		tried[words[0]] = true
		before := len(h.engine.Mutations())
		out, errs, code := h.run(append([]string{words[0], "--dry-run"}, words[1:]...)...)
		if made := h.engine.Mutations()[before:]; len(made) > 0 || code != 0 {
			t.Errorf("muster %s --dry-run ends with code %d and asks the engine to %q\n%s%s", line, code, made, out, errs)
		}
	}
	asking := []string{"completion", "config", "events", "help", "images", "logs", "ls", "port", "ps", "stats", "top", "version", "volumes"}
	for _, c := range Tree(&App{}).Commands() {
		if !c.Hidden && !tried[c.Name()] && !slices.Contains(asking, c.Name()) {
			t.Errorf("%s is not tried", c.Name())
		}
	}
}
