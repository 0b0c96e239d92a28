//go:build e2e

package faultmatrix

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterdev/muster/test/faultproxy"
)

// streamRows are about what a supervisor hears of its engine, through a proxy.
func streamRows() []row {
	return []row{
		{"26", "the event stream breaks every two seconds", "no restart is lost, none made twice", streamBreaks},
		{"27", "the event stream is open but silent", "found by the next resync, within 30 s", streamSilent},
		{"28", "half of the events are lost; all are repeated; stop comes before die", "the same states in the end", streamLies},
		{"29", "5 000 events in a burst", "nothing is missed", streamBurst},
		{"30", "a container exits before the answer to its start arrives", "no harm: its exit and its restart are its own", answerLate},
	}
}

// events are the calls that a fault in the event stream applies to.
func events(a faultproxy.Action) faultproxy.Rule {
	return faultproxy.Rule{Method: "GET", Path: regexp.MustCompile(`^/events$`), Action: a}
}

// behind puts a proxy between muster and the engine.
func (s *stack) behind() *faultproxy.Proxy {
	s.Helper()
	socket := filepath.Join(s.dir, "p.sock")
	p, err := faultproxy.Start(socket, strings.TrimPrefix(s.engine.host(), "unix://"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.Close() })
	s.host = "unix://" + socket
	return p
}

// crashes crashes web n times, and each time waits for the restart.
func (s *stack) crashes(n int) {
	s.Helper()
	for range n {
		was := s.runs("web")
		s.crash("web")
		s.until("a restart", func() bool { return s.runs("web") == was+1 && s.state("web") == "running" })
	}
}

func streamBreaks(t *testing.T, h *harness) string {
	s := h.watched(t, "row26", one("command: "+runs, supervised))
	s.behind().Add(events(faultproxy.EndAfter(2 * time.Second)))
	s.must("up", "-d")
	s.supervise()
	s.crashes(6)
	s.stays("7 runs", func() bool { return s.runs("web") == 7 })
	return "6 crashes, 6 restarts"
}

func streamSilent(t *testing.T, h *harness) string {
	s := h.stack(t, "row27", one("command: "+runs, supervised))
	s.behind().Add(events(faultproxy.Lines(func(string) []string { return nil })))
	s.must("up", "-d")
	s.supervise()
	s.crashes(1)
	return "restarted"
}

func streamLies(t *testing.T, h *harness) string {
	s := h.watched(t, "row28", one("command: "+runs, supervised)+service("engines", "command: "+runs, "restart: always")+
		service("stopped", "command: "+runs, "restart: always"))
	var n atomic.Int64
	var held atomic.Pointer[string]
	s.behind().Add(events(faultproxy.Lines(func(line string) []string {
		if strings.Contains(line, `"die"`) && held.CompareAndSwap(nil, &line) {
			return nil // told after the next one
		}
		lines := []string{line, line}
		if n.Add(1)%2 == 0 {
			lines = nil
		}
		if late := held.Swap(nil); late != nil {
			lines = append(lines, *late)
		}
		return lines
	})))
	s.must("up", "-d")
	s.supervise()
	s.docker("stop", "-t", "1", s.container("stopped"))
	s.crash("engines")
	s.crashes(2)
	s.until("the engine's runs again", func() bool { return s.runs("engines") == 2 && s.state("engines") == "running" })
	s.stays("what was stopped is down", func() bool { return s.state("stopped") == "exited (0)" && s.runs("web") == 3 })
	return "what crashed runs, what a user stopped is down"
}

func streamBurst(t *testing.T, h *harness) string {
	s := h.stack(t, "row29", one("command: "+runs, supervised))
	s.behind().Add(events(faultproxy.Lines(func(line string) []string {
		lines := []string{line}
		if strings.Contains(line, `"exec_`) {
			for range 100 {
				lines = append(lines, line)
			}
		}
		return lines
	})))
	s.must("up", "-d")
	s.supervise()
	for range 17 { // three events each, told a hundred times
		s.docker("exec", s.container("web"), "true")
	}
	s.crashes(1)
	return "restarted"
}

func answerLate(t *testing.T, h *harness) string {
	s := h.stack(t, "row30", one(`command: sh -c 'echo run; exit 3'`, "deploy: {restart_policy: {condition: any, delay: 100ms, max_attempts: 1}}"))
	s.behind().Add(faultproxy.Rule{Method: "POST", Path: regexp.MustCompile(`/start$`), Action: faultproxy.DelayAnswer(time.Second)})
	out, err := s.muster("up").CombinedOutput()
	if err != nil || strings.Count(string(out), "| run") != 2 || strings.Count(string(out), "\nweb-1 exited with code 3") != 2 {
		t.Fatalf("up = %v\n%s", err, out)
	}
	return "both runs and both exits are shown, one restart was made"
}
