//go:build e2e

package faultmatrix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

// stack is a project on a private engine, which a supervisor keeps.
type stack struct {
	*testing.T
	engine       *engine
	binary, name string
	dir          string
	host         string // where muster finds the engine: a proxy, perhaps
	keeper       *keeper
}

// keeper is a running `muster supervise`.
type keeper struct {
	*exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	out bytes.Buffer
}

// audited is a line of the audit.
type audited struct {
	Time      time.Time
	Kind      string
	Container string
	Action    string
	Reason    string
	Alert     string
	Wait      float64 `json:"wait_seconds"`
	ExitCode  *int    `json:"exit_code"`
	Error     string
}

func newStack(t *testing.T, e *engine, binary, name, file string) *stack {
	t.Helper()
	s := &stack{T: t, engine: e, binary: binary, name: name, host: e.host()}
	var err error
	if s.dir, err = os.MkdirTemp("", "row"); err != nil { // short: sockets lie in it
		t.Fatal(err)
	}
	s.write(file)
	t.Cleanup(func() {
		s.endKeeper(syscall.SIGTERM)
		_ = s.muster("down", "-v", "-t", "0", "--remove-orphans").Run() // the engine goes anyway
		_ = os.RemoveAll(s.dir)
	})
	testrun.ExplainFailure(t, testrun.Onlooker{Host: e.host(), Log: e.log}, name)
	t.Cleanup(func() {
		if t.Failed() && s.keeper != nil {
			t.Logf("audit:\n%s", s.keeper.text())
		}
	})
	return s
}

func (s *stack) write(file string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "compose.yaml"), []byte(file), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *stack) muster(args ...string) *exec.Cmd {
	c := exec.Command(s.binary, args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "DOCKER_HOST="+s.host, "DOCKER_CONTEXT=", "COMPOSE_PROJECT_NAME="+s.name, "XDG_RUNTIME_DIR="+s.engine.dir)
	return c
}

// must runs muster and returns what it printed.
func (s *stack) must(args ...string) string {
	s.Helper()
	out, err := s.muster(args...).CombinedOutput()
	if err != nil {
		s.Fatalf("muster %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// docker does something to a container behind muster's back.
func (s *stack) docker(args ...string) string {
	s.Helper()
	out, err := s.engine.docker(args...).CombinedOutput()
	if err != nil {
		s.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// supervise starts a supervisor and waits until it is there.
func (s *stack) supervise() {
	s.Helper()
	k := &keeper{Cmd: s.muster("supervise", "--log-format", "json"), ended: make(chan struct{})}
	k.Stdout, k.Stderr = k, k
	if err := k.Start(); err != nil {
		s.Fatal(err)
	}
	go func() { _ = k.Wait(); close(k.ended) }()
	s.keeper = k
	s.until("the supervisor answers", func() bool { return s.muster("supervise", "--status").Run() == nil })
}

func (k *keeper) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.out.Write(p)
}

func (k *keeper) text() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.out.String()
}

func (s *stack) endKeeper(signal syscall.Signal) {
	if s.keeper == nil {
		return
	}
	_ = s.keeper.Process.Signal(signal) // it may have ended
	<-s.keeper.ended
}

// audit is what the supervisor wrote so far.
func (s *stack) audit() []audited {
	var all []audited
	for line := range strings.Lines(s.keeper.text()) {
		var a audited
		if json.Unmarshal([]byte(line), &a) == nil {
			all = append(all, a)
		}
	}
	return all
}

// done counts the supervisor's actions of a kind on the service's first container.
func (s *stack) done(action, service string) int {
	n := 0
	for _, a := range s.audit() {
		if a.Kind == "action" && a.Action == action && a.Container == s.container(service) && a.Error == "" {
			n++
		}
	}
	return n
}

// decided reports whether the supervisor decided something for that reason.
func (s *stack) decided(action, reason, service string) bool {
	return slices.ContainsFunc(s.audit(), func(a audited) bool {
		return a.Kind == "decision" && a.Action == action && strings.Contains(a.Reason, reason) && a.Container == s.container(service)
	})
}

func (s *stack) container(service string) string { return s.name + "-" + service + "-1" }

// inspect is a field of the service's first container; empty if it is gone.
func (s *stack) inspect(service, field string) string {
	return s.engine.inspect(s.container(service), field)
}

// started is when the service's first container was.
func (s *stack) started(service string) time.Time {
	s.Helper()
	at, err := time.Parse(time.RFC3339Nano, s.inspect(service, "State.StartedAt"))
	if err != nil {
		s.Fatal(err)
	}
	return at
}

// state is "running", "exited (3)" and the like, or "gone".
func (s *stack) state(service string) string {
	st := s.inspect(service, "State.Status")
	switch st {
	case "":
		return "gone"
	case "exited":
		return st + " (" + s.inspect(service, "State.ExitCode") + ")"
	}
	return st
}

func (s *stack) runs(service string) int { return s.engine.runs(s.container(service)) }

// crash kills the container's process from outside, as a host would.
func (s *stack) crash(service string) {
	s.Helper()
	s.kill(s.inspect(service, "State.Pid"))
}

// until waits for what must come.
func (s *stack) until(what string, met func() bool) {
	s.Helper()
	patience.OfEngine().Until(s, what, met)
}

func (s *stack) untilState(service, want string) {
	s.Helper()
	s.until(fmt.Sprintf("%s %s", service, want), func() bool { return s.state(service) == want })
}

// stays fails if the condition ceases to hold before the supervisor has restarted
// the canary, which is how it tells that time enough has passed for it.
func (s *stack) stays(what string, holds func() bool) {
	s.Helper()
	s.untilState("canary", "running")
	before := s.inspect("canary", "State.StartedAt")
	s.crash("canary")
	s.until("the canary's restart", func() bool {
		if !holds() {
			s.Fatalf("%s: no more", what)
		}
		return s.state("canary") == "running" && s.inspect("canary", "State.StartedAt") != before
	})
	if !holds() {
		s.Fatalf("%s: no more", what)
	}
}

func (s *stack) staysState(service, want string) {
	s.Helper()
	s.stays(service+" "+want, func() bool { return s.state(service) == want })
}

// kill ends a process of this host as a crash does.
func (s *stack) kill(pid string) {
	s.Helper()
	if out, err := exec.Command("kill", "-9", pid).CombinedOutput(); err != nil || pid == "0" {
		s.Fatalf("kill %q: %v\n%s", pid, err, out)
	}
}

// killShim ends the process between containerd and the container.
func (s *stack) killShim(id string) {
	s.Helper()
	out, err := exec.Command("pgrep", "-f", "containerd-shim.*"+id).Output()
	if err != nil {
		s.Fatalf("no shim of %s: %v", id, err)
	}
	for pid := range strings.FieldsSeq(string(out)) {
		s.kill(pid)
	}
}
