package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

const (
	// investigateTime bounds the calls that find out why a container failed.
	investigateTime = 5 * time.Second
	// lastLines is how much of its log a failure shows.
	lastLines = 20
)

// Failure tells why a container did not come to be as it was waited for, and
// what is known of it.
type Failure struct {
	Service   string
	Container engine.Ref
	Condition plan.Condition
	State     engine.State
	ExitCode  int    // of a container that has exited
	Signal    string // that ended it, as its exit code tells: SIGKILL; empty if none did
	OOM       bool   // the kernel killed it because memory ran out
	Started   string // why the engine could not start it; empty if it could
	Restarts  int    // how often its policy restarted it
	Waited    time.Duration
	Pos       project.Position // where the service stands in the file
	// Health is the output of the last health probe, HealthCode its exit code.
	Health     string
	HealthCode int
	// Log are the last lines of its log, with control characters made visible.
	Log []string
	// Next is the command that tells more: arguments of Program.
	Next []string
	// Program is what muster was called as; empty is muster.
	Program string
	Err     error // why the wait ended
}

// Error is one line, without the place in the file. What others depend on is
// said to be a dependency, in Docker Compose's words.
func (f *Failure) Error() string {
	s := f.text()
	if f.Condition == project.Healthy || f.Condition == project.Started {
		return "dependency failed to start: " + s
	}
	return s
}

func (f *Failure) text() string {
	s := f.Err.Error()
	var late *deadlineError
	switch {
	case errors.As(f.Err, &late):
		s = fmt.Sprintf("container %s is %s after %s", f.Container.Name, f.lacks(), late.after)
	case f.OOM:
		s += ", out of memory"
	case f.Signal != "":
		s += ", killed by " + f.Signal
	}
	return s
}

// lacks is what the container is not, with what it is instead.
func (f *Failure) lacks() string {
	return fmt.Sprintf("not %s (%s)", plan.ConditionWords(f.Condition), f.State)
}

// Unwrap returns why the wait ended.
func (f *Failure) Unwrap() error { return f.Err }

// Report is everything that is known, a fact per line, for people: what
// happened, the health output, the last lines of the log, what to run next.
func (f *Failure) Report() string {
	var b strings.Builder
	head := f.Error()
	if !f.Pos.IsZero() {
		head = f.Pos.String() + ": " + head
	}
	fmt.Fprintf(&b, "%s\n", head)
	fact := func(name, text string) { fmt.Fprintf(&b, "  %-9s%s\n", name, text) }
	fact("service", f.Service)
	fact("waited", fmt.Sprintf("%s for it to be %s", f.Waited.Round(100*time.Millisecond), plan.ConditionWords(f.Condition)))
	fact("state", f.stateText())
	if f.Started != "" {
		fact("start", plan.Plain(f.Started))
	}
	if f.Health != "" {
		fact("health", fmt.Sprintf("the last probe exited with code %d:", f.HealthCode))
		for line := range strings.Lines(f.Health) {
			fmt.Fprintf(&b, "    %s\n", plan.Plain(strings.TrimRight(line, "\r\n")))
		}
	}
	if len(f.Log) > 0 {
		fact("log", fmt.Sprintf("the last %d lines:", len(f.Log)))
		for _, line := range f.Log {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	} else {
		fact("log", "empty")
	}
	if len(f.Next) > 0 {
		fact("next", cmp.Or(f.Program, "muster")+" "+strings.Join(f.Next, " "))
	}
	return b.String()
}

func (f *Failure) stateText() string {
	s := string(f.State)
	if f.State == engine.Exited || f.State == engine.Dead || f.State == engine.Restarting {
		s += " with code " + strconv.Itoa(f.ExitCode)
	}
	switch {
	case f.OOM:
		s += " (out of memory)"
	case f.Signal != "":
		s += " (" + f.Signal + ")"
	}
	if f.Restarts > 0 {
		s += fmt.Sprintf(", restarted %d times", f.Restarts)
	}
	return s
}

// investigate finds out with two calls why a container failed. The operation
// may be over already: they have a time of their own.
func (r *run) investigate(ctx context.Context, w *wait, err error) *Failure {
	f := &Failure{
		Service: w.Service, Container: w.container, Condition: w.Condition, State: "gone",
		Waited: time.Since(w.began), Pos: r.position(w.Service, errors.New("")), Err: err,
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), investigateTime)
	defer cancel()
	seen, lookErr := r.engine.InspectContainer(ctx, w.container)
	if lookErr != nil {
		f.Next = []string{"ps", "--all", w.Service}
		return f
	}
	f.State, f.ExitCode, f.OOM, f.Started, f.Restarts = seen.State, seen.ExitCode, seen.OOMKilled, seen.Error, seen.RestartCount
	if seen.State != engine.Running && seen.State != engine.Paused {
		f.Signal = signalOf(seen.ExitCode)
	}
	f.Next = []string{"logs", "--tail", "100", w.Service}
	if n := len(seen.HealthLog); n > 0 {
		f.Health, f.HealthCode = seen.HealthLog[n-1].Output, seen.HealthLog[n-1].ExitCode
	} else if w.refused != nil { // the wait ended before the engine's first probe
		f.Health, f.HealthCode = w.refused.Output, w.refused.ExitCode
	}
	if seen.State == engine.Running && seen.HealthCheck != nil {
		f.Next = append([]string{"exec", w.Service}, quoted(checkCommand(*seen.HealthCheck))...)
	}
	// Whatever can be read of the log helps; why the rest cannot does not.
	_ = r.engine.Logs(ctx, w.container, engine.LogOptions{Tail: lastLines}, func(l engine.LogLine) error {
		f.Log = append(f.Log, plan.Plain(string(l.Text)))
		return nil
	})
	f.Log = f.Log[max(0, len(f.Log)-lastLines):]
	return f
}

// quoted are words as a shell takes them.
func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\$`|&;<>()*?[]#~!{}") {
			out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return out
}

// signalOf is the signal that an exit code of more than 128 stands for; empty
// if it stands for none.
func signalOf(code int) string {
	names := map[int]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
		9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
		24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
	}
	return names[code-128]
}
