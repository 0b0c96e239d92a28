package restartpolicy

import (
	"slices"
	"strings"
	"time"
)

// The numbers of the breaker, per project.
const (
	// BreakerWindow is within which time turns to unhealthy count as simultaneous.
	BreakerWindow = 10 * time.Second
	// BreakerPause is how long restarts of unhealthy containers are suspended.
	BreakerPause = time.Minute
	// breakerLeast is how many containers at least must turn unhealthy together.
	breakerLeast = 3
)

// Breaker suspends restarts of unhealthy containers when so many of a project turn
// unhealthy together that the host, and not they, must be at fault: restarting
// them all would only add to its load. It is a value; the zero Breaker is closed
// and has seen nothing.
type Breaker struct {
	turns []turn // within the window, in order of time; never written in place
	until time.Duration
}

// turn is one container's turn to unhealthy.
type turn struct {
	id string
	at time.Duration
}

// Unhealthy returns the breaker after a container turned unhealthy at the time
// now. checked is how many containers of the project have a health check and run.
// The breaker opens, for BreakerPause, if within BreakerWindow half of them turned
// unhealthy and at least three.
func (b Breaker) Unhealthy(now time.Duration, id string, checked int) Breaker {
	var turns []turn
	for _, t := range b.turns {
		if t.at > now-BreakerWindow && t.id != id {
			turns = append(turns, t)
		}
	}
	b.turns = append(turns, turn{id, now})
	if n := len(b.turns); n >= breakerLeast && 2*n >= checked {
		b.until = now + BreakerPause
	}
	return b
}

// Healthy returns the breaker after a container turned healthy again, or was
// restarted or removed: its turn no longer counts.
func (b Breaker) Healthy(id string) Breaker {
	b.turns = slices.DeleteFunc(slices.Clone(b.turns), func(t turn) bool { return t.id == id })
	return b
}

// Open reports whether restarts of unhealthy containers are suspended.
func (b Breaker) Open(now time.Duration) bool { return now < b.until }

// Until returns when the breaker closes, if it is open.
func (b Breaker) Until() time.Duration { return b.until }

// Settle returns how long a container should stay unhealthy before it is
// restarted, for Input.Settle: in a project where the breaker can open at all, as
// long as others have to turn unhealthy too. Otherwise the first few of a mass
// would be restarted before it is known to be one.
func (b Breaker) Settle(checked int) time.Duration {
	if checked < breakerLeast {
		return 0
	}
	return BreakerWindow
}

// String lists the containers that turned unhealthy of late.
func (b Breaker) String() string {
	var ids []string
	for _, t := range b.turns {
		ids = append(ids, t.id)
	}
	return "recently unhealthy: " + strings.Join(ids, ", ")
}
