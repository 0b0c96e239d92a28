//go:build e2e

package faultproxy_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/test/faultproxy"
)

// TestCrashEnumeration ends muster at every engine call that changes something,
// before the engine sees the call and after it has done it, and runs it again:
// it converges, no data is lost, no temporary name stays, nothing is left after
// down. Of a down with volumes and one without, each is ended at every second point
// only: TestInterruptedAnywhere does all of this in memory.
func TestCrashEnumeration(t *testing.T) {
	binary := testrun.Current(t).Muster(t)
	for _, sc := range []scenario{
		{name: "up", interrupted: []string{"up", "-d"}},
		{name: "recreate", first: true, version: "2", interrupted: []string{"up", "-d"}},
		{name: "down", first: true, interrupted: []string{"down"}, down: true},
		{name: "downv", first: true, interrupted: []string{"down", "-v"}, down: true, emptied: true},
	} {
		calls := sc.record(t, binary)
		for i := range calls {
			for _, after := range []bool{false, true} {
				if sc.down && (i%2 == 0) == (after == sc.emptied) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s %s", sc.name, when(after), calls[i]), func(t *testing.T) {
					t.Parallel()
					sc.kill(t, binary, i+1, after)
				})
			}
		}
	}
}

// TestInterruptEnumeration sends a signal at every engine call that changes
// something: the command ends with 128 and the signal's number, nothing half-made
// is left, what an attached up started is stopped, and the next run converges.
// Attached and detached take turns, call by call.
func TestInterruptEnumeration(t *testing.T) {
	binary := testrun.Current(t).Muster(t)
	for _, sc := range []scenario{
		{name: "sigup", interrupted: []string{"up"}, signal: syscall.SIGINT},
		{name: "sigrecreate", first: true, version: "2", interrupted: []string{"up"}, signal: syscall.SIGINT},
		{name: "sigupd", interrupted: []string{"up", "-d"}, signal: syscall.SIGINT},
		{name: "sigrecreated", first: true, version: "2", interrupted: []string{"up", "-d"}, signal: syscall.SIGTERM},
		{name: "sigdown", first: true, interrupted: []string{"down"}, down: true, signal: syscall.SIGINT},
	} {
		detached := sc
		if !sc.down {
			detached.interrupted = []string{"up", "-d"}
		}
		calls := detached.record(t, binary)
		for i := range calls {
			if attached := sc.interrupted[len(sc.interrupted)-1] == "up"; !sc.down && attached != ((i%2 == 0) != sc.first) {
				continue
			}
			t.Run(sc.name+"/"+calls[i], func(t *testing.T) {
				t.Parallel()
				sc.interrupt(t, binary, i+1)
			})
		}
	}
}

func when(after bool) string {
	if after {
		return "after"
	}
	return "before"
}

// scenario is a command that is ended midway.
type scenario struct {
	name        string
	first       bool   // the stack is up, in version 1, with data in its volumes
	version     string // of the stack that the command asks for; empty is 1
	interrupted []string
	down        bool // the command takes the stack down
	emptied     bool // with its volumes
	signal      syscall.Signal
}

// record runs the command undisturbed and returns the calls that change something.
func (sc scenario) record(t *testing.T, binary string) []string {
	t.Helper()
	s := newStack(t, binary, sc.name+"-0")
	sc.prepare(s)
	s.proxy.ForgetCalls()
	s.must(sc.version, sc.interrupted...)
	var calls []string
	for _, c := range s.proxy.Calls() {
		if c.Mutates() {
			path := strings.Split(strings.TrimPrefix(c.Path, "/"), "/")
			name := c.Method + " " + path[0]
			if len(path) > 1 {
				name += " " + path[len(path)-1][:min(12, len(path[len(path)-1]))]
			}
			calls = append(calls, name)
		}
	}
	if len(calls) < 3 {
		t.Fatalf("%s made only the calls %q", strings.Join(sc.interrupted, " "), calls)
	}
	s.end()
	return calls
}

func (sc scenario) prepare(s *stack) {
	s.Helper()
	if sc.first {
		s.must("1", "up", "-d")
		s.writeData()
	}
}

// kill is one crash.
func (sc scenario) kill(t *testing.T, binary string, n int, after bool) {
	s := newStack(t, binary, fmt.Sprintf("%s-%d%s", sc.name, n, when(after)))
	sc.prepare(s)
	tool := s.start(sc.version, sc.interrupted...)
	crash := func(faultproxy.Call) bool {
		_ = tool.Process.Kill() // it may have ended
		return true
	}
	action := faultproxy.Before(crash)
	if after {
		action = faultproxy.After(crash)
	}
	s.proxy.Add(faultproxy.Rule{Match: faultproxy.Call.Mutates, Nth: n, Action: action})
	tool.release()
	if code := tool.wait(); code != -1 {
		t.Fatalf("%s ended by itself with %d before its call %d:\n%s", tool, code, n, tool.output())
	}
	s.proxy.Heal()
	s.noteVolumes()
	if sc.down {
		s.must(sc.version, sc.interrupted...)
		s.gone(sc.emptied)
		if sc.emptied {
			return
		}
		s.keptVolumes()
		s.must(sc.version, "up", "-d")
		s.complete()
		s.checkNamedData()
	} else {
		s.must(sc.version, sc.interrupted...)
		s.complete()
		if sc.first {
			s.checkData()
		}
	}
	s.end()
}

// interrupt is one Ctrl-C or SIGTERM. A command may have nothing left to do when
// it arrives: then it ends as if it had not been disturbed.
func (sc scenario) interrupt(t *testing.T, binary string, n int) {
	s := newStack(t, binary, fmt.Sprintf("%s-%d", sc.name, n))
	sc.prepare(s)
	tool := s.start(sc.version, sc.interrupted...)
	s.proxy.Add(faultproxy.Rule{Match: faultproxy.Call.Mutates, Nth: n, Action: faultproxy.Before(func(faultproxy.Call) bool {
		_ = tool.Process.Signal(sc.signal)
		return false
	})})
	tool.release()
	if code, want := tool.wait(), 128+int(sc.signal); code != want {
		t.Errorf("%s ended with %d after %v at call %d, want %d:\n%s", tool, code, sc.signal, n, want, tool.output())
	}
	s.proxy.Heal()
	s.noteVolumes()
	for _, c := range s.containers() {
		if _, temporary := project.FinalName(c.Name); temporary {
			t.Errorf("%s is left behind:\n%s", c.Name, tool.output())
		}
		if sc.interrupted[len(sc.interrupted)-1] == "up" && c.State == engine.Running {
			t.Errorf("%s still runs:\n%s", c.Name, tool.output())
		}
	}
	if sc.down {
		s.must(sc.version, sc.interrupted...)
		s.gone(false)
		s.keptVolumes()
	}
	s.must(sc.version, "up", "-d")
	s.complete()
	switch {
	case sc.down:
		s.checkNamedData()
	case sc.first:
		s.checkData()
	}
	s.end()
}

// complete checks that there is one container per slot, running, under its own
// name, and none besides.
func (s *stack) complete() {
	s.Helper()
	var got []string
	for _, c := range s.containers() {
		got = append(got, c.Name+" "+string(c.State))
	}
	want := []string{s.name + "-store-1 running", s.name + "-web-1 running"}
	if slices.Sort(got); !slices.Equal(got, want) {
		s.Fatalf("containers = %q, want %q", got, want)
	}
}

// end takes the stack down and checks that nothing is left.
func (s *stack) end() {
	s.Helper()
	s.noteVolumes()
	s.must("1", "down", "-v")
	s.gone(true)
}
