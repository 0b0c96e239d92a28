package memengine

import (
	"path"
	"time"

	"github.com/musterdev/muster/engine"
)

// Program is what the process of a container does. The zero value runs until
// it is stopped and exits 0 on its stop signal.
type Program struct {
	// ExitAfter ends the process by itself that long after each start; zero
	// is never, a nanosecond is at once.
	ExitAfter time.Duration
	// ExitCode is the code of ExitAfter.
	ExitCode int
	// OOM makes ExitAfter an out-of-memory kill: code 137.
	OOM bool
	// StopAfter is how long the process takes to end on its stop signal.
	StopAfter time.Duration
	// StopCode is its exit code then.
	StopCode int
	// IgnoreStop makes it ignore every signal but KILL.
	IgnoreStop bool
	// HealthyAfter lets health probes fail until that long after each start.
	HealthyAfter time.Duration
	// UnhealthyAfter lets them fail again from that long after each start; zero is never.
	UnhealthyAfter time.Duration
	// Probe answers health probes instead of the two above. up is the time since
	// the start, which was the n-th, counted from 1. It must not call the engine.
	Probe func(up time.Duration, n int) (code int, output string)
	// FailStart is why the process cannot be started; empty is that it can.
	FailStart string
	// FailCode is the exit code that the engine records for FailStart; zero is 128.
	FailCode int
	// Logs are the lines it writes after each start, in the order of their times.
	Logs []Output
	// Exec answers commands run inside the container other than its health
	// check; nil leaves them to the engine's small shell.
	Exec func(spec engine.ExecSpec) (code int, output string)
	// Then is what the next start runs; nil is the same again.
	Then *Program
}

// Output is a line that a Program writes.
type Output struct {
	After  time.Duration // since the start
	Text   string        // without its newline
	Stderr bool
	Open   bool // no newline follows it
}

type rule struct {
	pattern string
	program Program
}

// Program makes containers behave. The pattern, as of path.Match, is compared
// with the container's name, its service and its image; the rule added last
// wins. It counts from each container's next start on.
func (e *Engine) Program(pattern string, p Program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.programs = append(e.programs, rule{pattern, p})
}

// program is the Program for the container's coming start, if it has one.
func (e *core) program(c *container) *Program {
	for i := len(e.programs) - 1; i >= 0; i-- {
		for _, name := range []string{c.name, c.service, c.image} {
			if ok, err := path.Match(e.programs[i].pattern, name); err == nil && ok && name != "" {
				return nthProgram(&e.programs[i].program, c.attempts)
			}
		}
	}
	return nil
}

func nthProgram(p *Program, starts int) *Program {
	for ; starts > 0 && p.Then != nil; starts-- {
		p = p.Then
	}
	return p
}

// probe is the program's answer to a health probe.
func (p *Program) probe(up time.Duration, n int) (int, string) {
	if p.Probe != nil {
		return p.Probe(up, n)
	}
	if up < p.HealthyAfter || p.UnhealthyAfter > 0 && up >= p.UnhealthyAfter {
		return 1, "not healthy\n"
	}
	return 0, "healthy\n"
}
