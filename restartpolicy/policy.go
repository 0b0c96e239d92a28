// Package restartpolicy decides whether, when and why a container starts again.
//
// Everything in it is a pure function of its arguments: it keeps no state between
// calls, reads no clock, draws no random numbers and talks to nobody, so the same
// input always gives the same decision and any decision can be replayed from a log.
// What must be remembered is a value that goes in and comes out. Instants of the
// caller's monotonic clock are time.Duration since an origin the caller fixes once;
// the engine's timestamps are time.Time and are compared only with one another.
// The package imports only the standard library.
//
// A supervisor keeps one History and one Edges per container, and one Budget and
// one Breaker for all. It folds each event into Edges with Observe and each
// inspection with Look, which give Input its Intent and Gapless and Exit its
// Requested and OOM; asks Decide whenever something changed or a decision's time
// has come; lets the Budget choose among the starts that are due; and reports a
// start call that failed through History.StartFailed.
package restartpolicy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Mode says after which exits a container is wanted back. Its text is the word
// that a Compose file and the engine use.
type Mode string

const (
	// No never starts a container again. The empty Mode means the same.
	No Mode = "no"
	// OnFailure starts it again after an exit code other than 0.
	OnFailure Mode = "on-failure"
	// Always starts it again after every exit that nobody asked for; and when the
	// engine starts, even if a user had stopped it.
	Always Mode = "always"
	// UnlessStopped is Always, except that a container which a user stopped stays
	// down when the engine starts.
	UnlessStopped Mode = "unless-stopped"
)

// Policy is a declared restart policy. It is a value; get one from Parse,
// FromDeploy or UnmarshalText, whose results are equal under == exactly if they
// mean the same. The zero Policy is treated as "no".
type Policy struct {
	// Mode says after which exits to restart.
	Mode Mode
	// MaxAttempts is how many restarts may fail before giving up, since the last
	// deliberate start: all of them, or if Window is set those whose run did not
	// last as long. 0 means no bound.
	MaxAttempts int
	// Delay is the least time between an exit and the restart.
	Delay time.Duration
	// Window is how long the container has to run after a restart for that to have
	// succeeded. It is then never counted. 0 means that every restart counts.
	Window time.Duration
}

// Owner is who restarts a container after its process exits. A container has
// exactly one owner, fixed when it is created.
type Owner uint8

const (
	// Engine means that the engine itself applies the policy.
	Engine Owner = iota
	// Supervisor means that the engine is told "no" and Muster's supervisor
	// applies the policy while it runs.
	Supervisor
)

// String returns "engine" or "supervisor", the words of the owner label.
func (o Owner) String() string {
	if o == Supervisor {
		return "supervisor"
	}
	return "engine"
}

// ParseOwner reads what Owner.String wrote.
func ParseOwner(s string) (Owner, error) {
	switch s {
	case "engine":
		return Engine, nil
	case "supervisor":
		return Supervisor, nil
	}
	return Engine, &SyntaxError{
		Problem: fmt.Sprintf("unknown restart owner %q", s),
		Hint:    "use engine or supervisor",
	}
}

// Restarts reports whether the policy ever wants a container back, that is whether
// its mode is not "no".
func (p Policy) Restarts() bool { return p.Mode != No && p.Mode != "" }

// engineCanEnforce reports whether a plain engine, with nobody watching, can apply
// the whole policy. It cannot wait for a chosen delay, count within a window, or
// bound restarts after successful exits.
func (p Policy) engineCanEnforce() bool {
	if !p.Restarts() {
		return true
	}
	return p.Delay == 0 && p.Window == 0 && (p.MaxAttempts == 0 || p.Mode == OnFailure)
}

// Owner returns who has to apply the policy: the engine whenever it can, since it
// goes on doing so when Muster is not running.
func (p Policy) Owner() Owner {
	if p.engineCanEnforce() {
		return Engine
	}
	return Supervisor
}

// Engine returns the policy to configure in the engine: its name and, for
// "on-failure", how many restarts at most (0 = no bound). It is "no", 0 for a
// policy owned by the supervisor, so that the two never both restart a container.
func (p Policy) Engine() (name string, maxRetries int) {
	if p.Owner() == Supervisor || !p.Restarts() {
		return string(No), 0
	}
	if p.Mode == OnFailure {
		maxRetries = p.MaxAttempts
	}
	return string(p.Mode), maxRetries
}

// String returns the policy as a Compose file writes it where that is possible, as
// in "on-failure:3", followed by whatever else is set, as in
// "always,max=3,delay=5s,window=2m0s". UnmarshalText reads all of it back.
func (p Policy) String() string {
	if !p.Restarts() {
		return string(No)
	}
	var b strings.Builder
	b.WriteString(string(p.Mode))
	if p.MaxAttempts > 0 {
		if p.Mode == OnFailure {
			fmt.Fprintf(&b, ":%d", p.MaxAttempts)
		} else {
			fmt.Fprintf(&b, ",max=%d", p.MaxAttempts)
		}
	}
	if p.Delay > 0 {
		fmt.Fprintf(&b, ",delay=%v", p.Delay)
	}
	if p.Window > 0 {
		fmt.Fprintf(&b, ",window=%v", p.Window)
	}
	return b.String()
}

// MarshalText returns String; it never fails.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String wrote, in particular from a container's label.
// Its error is a *SyntaxError and leaves p as it was.
func (p *Policy) UnmarshalText(text []byte) error {
	head, rest, more := strings.Cut(string(text), ",")
	read, err := Parse(head)
	if err != nil {
		return err
	}
	for more {
		var setting string
		setting, rest, more = strings.Cut(rest, ",")
		if err := read.set(setting); err != nil {
			return err
		}
	}
	*p = read
	return nil
}

// set applies one "name=value" of the long form.
func (p *Policy) set(setting string) error {
	name, value, _ := strings.Cut(setting, "=")
	bad := &SyntaxError{
		Problem: fmt.Sprintf("bad setting %q in restart policy", setting),
		Hint:    "use max=N, delay=DURATION or window=DURATION",
	}
	if !p.Restarts() {
		return bad
	}
	if name == "max" {
		n, err := parseCount(value)
		if err != nil || p.Mode == OnFailure {
			return bad
		}
		p.MaxAttempts = n
		return nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return bad
	}
	switch name {
	case "delay":
		p.Delay = d
	case "window":
		p.Window = d
	default:
		return bad
	}
	return nil
}

// parseCount reads a count of restarts: decimal digits only, small enough for the
// engine's 32 bits.
func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("count %q: want a whole number from 0 to %d", s, math.MaxInt32)
	}
	return int(n), nil
}
