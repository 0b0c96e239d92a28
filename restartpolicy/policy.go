// Package restartpolicy decides whether and when an exited container starts
// again. It keeps no state, reads no clock, and imports only the standard library.
package restartpolicy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mode is the name of a policy.
type Mode string

// The four policies.
const (
	No            Mode = "no"
	OnFailure     Mode = "on-failure"
	Always        Mode = "always"
	UnlessStopped Mode = "unless-stopped"
)

// Policy is a declared restart policy. It is comparable; the zero value is
// read as "no".
type Policy struct {
	Mode        Mode
	MaxAttempts int           // zero is without bound
	Delay       time.Duration // before each restart
	Window      time.Duration // how long a run counts as an attempt
}

// Parse reads the file format's restart: no, always, unless-stopped,
// on-failure or on-failure:N. The empty string is no.
func Parse(s string) (Policy, error) {
	name, count, counted := strings.Cut(s, ":")
	switch m := Mode(name); {
	case s == "":
		return Policy{Mode: No}, nil
	case m == OnFailure && counted:
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 {
			return Policy{}, fmt.Errorf("restart policy %q: %q is not a number of restarts", s, count)
		}
		return Policy{Mode: m, MaxAttempts: n}, nil
	case !counted && (m == No || m == OnFailure || m == Always || m == UnlessStopped):
		return Policy{Mode: m}, nil
	}
	return Policy{}, fmt.Errorf("unknown restart policy %q: use no, always, unless-stopped or on-failure[:N]", s)
}

// FromDeploy makes a policy of deploy.restart_policy. The condition defaults
// to any, which is Always; nil durations and attempts mean none.
func FromDeploy(condition string, delay, window *time.Duration, attempts *uint64) (Policy, error) {
	var p Policy
	switch condition {
	case "", "any":
		p.Mode = Always
	case "on-failure":
		p.Mode = OnFailure
	case "none":
		p.Mode = No
	default:
		return Policy{}, fmt.Errorf("unknown restart condition %q: use none, on-failure or any", condition)
	}
	if delay != nil {
		p.Delay = *delay
	}
	if window != nil {
		p.Window = *window
	}
	if attempts != nil {
		p.MaxAttempts = int(min(*attempts, 1<<31-1))
	}
	return p, nil
}
