//go:build e2e

package faultmatrix

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// engineRows end the engine, and start it again.
func engineRows() []row {
	return []row{
		{"31", "the engine is stopped and started (SIGTERM), the stack running", "not taken for stops by a user; everything runs again, dependencies before their dependents", engineStopped},
		{"32", "the engine is killed and started (kill -9, no live-restore), `unless-stopped`", "the engine leaves it down; the supervisor starts it", engineKilled},
		{"33", "the engine is restarted with live-restore", "nothing is restarted", engineLives},
		{"41b", "docker stop, then the engine is stopped and started", "`unless-stopped` and the supervisor's stay down, `always` comes back", stoppedBeforeBoot},
	}
}

// reboot ends the engine with a signal and starts it again.
func (h *harness) reboot(t *testing.T, signal syscall.Signal) {
	t.Helper()
	h.engine.t = t
	h.engine.end(signal)
	h.engine.start()
}

func engineStopped(t *testing.T, h *harness) string {
	s := h.stack(t, "row31", named("db", "command: "+runs, supervised)+
		service("web", "command: "+runs, supervised, "depends_on: [db]")+
		service("engines", "command: "+runs, "restart: unless-stopped"))
	s.must("up", "-d")
	s.supervise()
	h.reboot(t, syscall.SIGTERM)
	for _, name := range []string{"db", "web", "engines"} {
		s.until(name+" runs again", func() bool { return s.runs(name) == 2 && s.state(name) == "running" })
	}
	if db, web := s.started("db"), s.started("web"); web.Before(db) {
		t.Errorf("web started at %s, before db at %s", web, db)
	}
	return "all run again, db before web"
}

func engineKilled(t *testing.T, h *harness) string {
	alone := h.stack(t, "alone32", one("command: "+runs, "restart: unless-stopped"))
	alone.must("up", "-d")
	s := h.stack(t, "row32", one("command: "+runs, "restart: unless-stopped"))
	s.must("up", "-d")
	s.supervise()
	h.reboot(t, syscall.SIGKILL)
	s.until("a restart by the supervisor", func() bool { return s.done("start", "web") == 1 && s.state("web") == "running" })
	return fmt.Sprintf("started by the supervisor; without one: %s", alone.state("web"))
}

func engineLives(t *testing.T, h *harness) string {
	h.engine = newEngine(t, "--live-restore")
	s := h.watched(t, "row33", one("command: "+runs, "restart: always")+service("ours", "command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	run := func() string {
		return s.inspect("web", "Id")[:12] + s.inspect("web", "State.StartedAt") + s.inspect("ours", "State.StartedAt")
	}
	before := run()
	h.reboot(t, syscall.SIGTERM)
	s.stays("the same runs", func() bool { return run() == before && s.done("start", "ours") == 0 })
	return "the same containers in the same runs"
}

func stoppedBeforeBoot(t *testing.T, h *harness) string {
	s := h.watched(t, "row41b", named("unless", "command: "+runs, "restart: unless-stopped")+
		service("always", "command: "+runs, "restart: always")+service("ours", "command: "+runs, supervised))
	s.must("up", "-d")
	s.supervise()
	names := []string{"unless", "always", "ours"}
	for _, name := range names {
		s.docker("stop", "-t", "1", s.container(name))
	}
	// Within three seconds stops would count as the engine's own, going down.
	s.stays("all down", func() bool { return strings.HasPrefix(s.state("ours"), "exited") })
	h.reboot(t, syscall.SIGTERM)
	s.until("always comes back", func() bool { return s.state("always") == "running" })
	s.stays("the others are down", func() bool {
		return strings.HasPrefix(s.state("unless"), "exited") && strings.HasPrefix(s.state("ours"), "exited")
	})
	return "as expected"
}
