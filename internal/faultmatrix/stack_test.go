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
	if s.dir, err = os.MkdirTemp("", "muster-row"); err != nil {
		t.Fatal(err)
	}
	s.write(file)
	t.Cleanup(func() {
		s.endKeeper(syscall.SIGTERM)
		if t.Failed() && s.keeper != nil {
			t.Logf("audit:\n%s", s.keeper.text())
		}
		_ = s.muster("down", "-v", "-t", "0", "--remove-orphans").Run() // the engine goes anyway
		_ = os.RemoveAll(s.dir)
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
func (s *stack) inspect(service, format string) string {
	out, err := s.engine.docker("inspect", "--type", "container", "-f", "{{"+format+"}}", s.container(service)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// state is "running", "exited (3)" and the like, or "gone".
func (s *stack) state(service string) string {
	st := s.inspect(service, ".State.Status")
	switch st {
	case "":
		return "gone"
	case "exited":
		return st + " (" + s.inspect(service, ".State.ExitCode") + ")"
	}
	return st
}

// runs counts how often the service's program began: each prints a line "run".
func (s *stack) runs(service string) int {
	out, _ := s.engine.docker("logs", s.container(service)).Output() // gone is none
	return strings.Count(string(out), "run\n")
}

// crash kills the container's process from outside, as a host would.
func (s *stack) crash(service string) {
	s.Helper()
	s.kill(s.inspect(service, ".State.Pid"))
}

// until waits for what must come.
func (s *stack) until(what string, met func() bool) {
	s.Helper()
	s.untilWithin(patience, what, met)
}

func (s *stack) untilWithin(limit time.Duration, what string, met func() bool) {
	s.Helper()
	for deadline := time.Now().Add(limit); !met(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("%s: does not come", what)
		}
	}
}

func (s *stack) untilState(service, want string) {
	s.Helper()
	s.until(fmt.Sprintf("%s %s", service, want), func() bool { return s.state(service) == want })
}

// stays fails if the condition ceases to hold within the time that a supervisor
// would need to do the wrong thing: its watchdog's, and the first delays.
func (s *stack) stays(what string, holds func() bool) {
	s.Helper()
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if !holds() {
			s.Fatalf("%s: no more", what)
		}
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
