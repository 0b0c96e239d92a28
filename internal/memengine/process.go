package memengine

import (
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine/shell"
)

// process is one run of a program: the container's own, a command run inside
// it, or a health probe. It lives on timers; everything happens under mu.
type process struct {
	c       *container
	program *Program // nil if it interprets a command
	ended   bool
	timers  map[*time.Timer]bool
	frozen  []func()          // due while the container was paused
	traps   map[string]string // scripts by signal; an empty one ignores it
	write   shell.Output
	onExit  func(code int)
	execs   []*process  // commands run beside it, which end with it
	shell   shell.Shell // what a command runs with
	// begin is true while the program gets going within the call that starts
	// it; a program that ends meanwhile does so right after the call.
	begin bool
}

func newProcess(c *container, write shell.Output, onExit func(int)) *process {
	p := &process{
		c: c, timers: map[*time.Timer]bool{}, traps: map[string]string{},
		write: write, onExit: onExit,
	}
	p.shell = shell.Shell{Process: p, Files: filesystem{c}, Output: write}
	return p
}

// runAs says as whom, where and with which input a command will run.
func (p *process) runAs(user, dir string, stdin *input) {
	p.shell.User, p.shell.Dir = user, dir
	if stdin != nil {
		p.shell.Input = stdin.copy
	}
}

// After runs f in d unless the process ended by then; while the container is
// paused f waits for it to go on.
func (p *process) After(d time.Duration, f func()) {
	e := p.c.engine
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(p.timers, t)
		switch {
		case p.ended:
		case p.c.state == engine.Paused:
			p.frozen = append(p.frozen, f)
		default:
			f()
		}
	})
	p.timers[t] = true
}

// thaw does what came due during a pause.
func (p *process) thaw() {
	due := p.frozen
	p.frozen = nil
	for _, x := range p.execs {
		x.thaw()
	}
	for _, f := range due {
		if !p.ended {
			f()
		}
	}
}

// Exit ends the process with an exit code.
func (p *process) Exit(code int) {
	switch {
	case p.ended:
		return
	case p.begin:
		p.After(0, func() { p.Exit(code) })
		return
	}
	p.kill()
	p.onExit(code)
}

// kill ends the process without telling anybody.
func (p *process) kill() {
	p.ended = true
	for t := range p.timers {
		t.Stop()
	}
	for _, x := range p.execs {
		x.Exit(128 + 9)
	}
}

// run begins the program.
func (p *process) run() {
	for _, line := range p.program.Logs {
		text := line.Text + "\n"
		if line.Open {
			text = line.Text
		}
		p.After(line.After, func() { p.write(line.Stderr, text) })
	}
	if d := p.program.ExitAfter; d > 0 {
		p.After(d, func() {
			if p.program.OOM {
				p.c.oom = true
				p.Exit(137)
				return
			}
			p.Exit(p.program.ExitCode)
		})
	}
}

// signal delivers a signal by name, without SIG.
func (p *process) signal(sig string) {
	if sig == "KILL" {
		p.Exit(128 + 9)
		return
	}
	ends := sig == "TERM" || sig == "INT" || sig == "QUIT" || sig == p.c.stopSignal
	if p.program != nil {
		if ends && !p.program.IgnoreStop {
			code := p.program.StopCode
			p.After(p.program.StopAfter, func() { p.Exit(code) })
		}
		return
	}
	script, trapped := p.traps[sig]
	switch {
	case trapped && script != "":
		p.shell.Script(script, func(int) {})
	case !trapped && ends:
		p.Exit(128 + signalNumber(sig))
	}
}

// Trap makes a script the answer to a signal.
func (p *process) Trap(signal, script string) { p.traps[signalName(signal)] = script }

// command interprets an argument vector.
func (p *process) command(argv, env []string) {
	p.shell.Env = env
	p.shell.Command(argv, p.Exit)
}

// signalNames are the signals that the engine knows, by number on Linux.
func signalNames() map[string]int {
	return map[string]int{
		"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11,
		"USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "WINCH": 28,
	}
}

func signalNumber(name string) int { return signalNames()[name] }

// signalName is the name without SIG of a signal given by name or number;
// empty if there is none such.
func signalName(s string) string {
	s = strings.TrimPrefix(strings.ToUpper(s), "SIG")
	for name, n := range signalNames() {
		if s == name || s == strconv.Itoa(n) {
			return name
		}
	}
	return ""
}
