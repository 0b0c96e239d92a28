package cmd

import (
	"strings"
	"testing"
)

// TestFailedPreStop: what a container's pre_stop hook keeps from being stopped
// stays, with what it needs; everything else goes down, and the code tells of it.
func TestFailedPreStop(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
x-service: &service {image: "muster-test/busybox:1", command: sleep 1000, init: true}
services:
  app: {<<: *service, networks: [a], depends_on: [low], pre_stop: [{command: ["false"]}]}
  low: {<<: *service, networks: [a]}
  web: {<<: *service, networks: [a, b], depends_on: [app]}
  db: {<<: *service, networks: [b], pre_stop: [{command: ["true"]}]}
networks: {a: {}, b: {}}
`})
	h.must("up", "-d")
	_, errs, code := h.run("down")
	if code != 1 || !strings.Contains(errs, "compose.yaml:4:57: service app: run pre_stop[0] in shop-app-1: app hook exited with status 1\n") {
		t.Errorf("down ends with code %d\n%s", code, errs)
	}
	if left := strings.Fields(h.must("ps", "-a", "--services")); strings.Join(left, " ") != "app low" {
		t.Errorf("down leaves %v", left)
	}
	if !strings.Contains(errs, "Network shop_b Removed") || strings.Contains(errs, "Network shop_a Removed") {
		t.Errorf("down removes\n%s", errs)
	}
}

// TestStoppedBefore: stop, and an up that is aborted, say Stopped of containers
// that have ended, and nothing of those that never ran.
func TestStoppedBefore(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  ended: {image: "muster-test/busybox:1", command: "true"}
  first: {image: "muster-test/busybox:1", command: sleep 1000, init: true, healthcheck: {test: "false", start_period: 1h}}
  never: {image: "muster-test/busybox:1", command: sleep 1000, init: true, depends_on: {first: {condition: service_healthy}}}
  fails: {image: "muster-test/busybox:1", command: "false", depends_on: {ended: {condition: service_completed_successfully}}}
`})
	h.must("create")
	_, errs, code := h.run("stop")
	if code != 0 || strings.Contains(errs, "Stopped") {
		t.Errorf("stop of what never ran ends with code %d\n%s", code, errs)
	}
	_, errs, code = h.run("up", "--abort-on-container-failure")
	if code == 0 || strings.Contains(errs, "never-1 Stopped") || !strings.Contains(errs, "ended-1 Stopped") {
		t.Errorf("up ends with code %d\n%s", code, errs)
	}
	_, errs, _ = h.run("stop")
	if strings.Contains(errs, "never-1 Stopped") || !strings.Contains(errs, "ended-1 Stopped") {
		t.Errorf("stop says\n%s", errs)
	}
}
