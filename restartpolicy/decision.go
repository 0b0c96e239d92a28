package restartpolicy

import (
	"fmt"
	"time"
)

// Action is what is to be done with a container.
type Action uint8

const (
	// Leave does nothing. A Decision.At above zero asks to look again by then.
	Leave Action = iota
	// Start starts a container that does not run.
	Start
	// Restart stops and starts a running container with one engine call, which
	// unlike a kill does not count as a stop by a user.
	Restart
	// Stop stops a container that runs or is about to, and leaves it down.
	Stop
	// Brake sets the engine's policy to "no" without stopping the container, so
	// that the supervisor decides about its next exit.
	Brake
	// Release sets the engine's policy back to the declared one.
	Release
	// GiveUp does nothing until someone starts the container deliberately.
	GiveUp
)

// String returns the action as a lower-case word.
func (a Action) String() string {
	words := [...]string{"leave", "start", "restart", "stop", "brake", "release", "give up"}
	if int(a) < len(words) {
		return words[a]
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// Reason says in plain words why a decision was made. Its values are fixed, so
// that they can be counted and searched for.
type Reason string

// The reasons for decisions.
const (
	ReasonEngineDown    Reason = "the engine does not answer"
	ReasonResync        Reason = "reading the engine's state again"
	ReasonForgotten     Reason = "not supervised"
	ReasonOperation     Reason = "another command is working on it"
	ReasonBraked        Reason = "deliberately stopped"
	ReasonPaused        Reason = "paused"
	ReasonEngineWaits   Reason = "the engine is about to restart it"
	ReasonNamespace     Reason = "the container whose namespace it shares was restarted"
	ReasonNamespaceNo   Reason = "cut off because the container whose namespace it shares was restarted, and its policy is no"
	ReasonCascade       Reason = "a dependency was restarted"
	ReasonUnhealthy     Reason = "unhealthy"
	ReasonUnhealthyNo   Reason = "unhealthy, and the policy is no"
	ReasonHostSick      Reason = "unhealthy, but the host seems to be at fault"
	ReasonRunning       Reason = "running"
	ReasonCreated       Reason = "created, not started yet"
	ReasonUserStop      Reason = "stopped by a user"
	ReasonStoppedAway   Reason = "stopped while no supervisor was running, probably by a user"
	ReasonPolicyNo      Reason = "the policy is no"
	ReasonCompleted     Reason = "completed"
	ReasonEngineOwns    Reason = "the engine restarts it"
	ReasonPermanent     Reason = "cannot be started"
	ReasonAttempts      Reason = "restart limit reached"
	ReasonDependency    Reason = "waiting for a dependency"
	ReasonExited        Reason = "exited"
	ReasonStartFailed   Reason = "could not be started"
	ReasonMeantToRun    Reason = "should be running"
	ReasonCrashLoop     Reason = "crash loop"
	ReasonCrashLoopOver Reason = "the crash loop is over"
)

// Decision is what to do with a container, when, and why.
type Decision struct {
	Action Action
	// At is when to act, on the clock of Input.Now; a time in the past means now.
	// For Leave it is when to look again at the latest, and zero if only a change
	// makes a difference.
	At     time.Duration
	Reason Reason
	// Detail adds to Reason what was seen, as in "exit 137, out of memory".
	Detail string
	// Rule is the number of the rule that decided; see Rules.
	Rule int
	// CrashLoop says that the container keeps failing.
	CrashLoop bool
}

// Wait returns how long after now to act or look again, 0 if at once.
func (d Decision) Wait(now time.Duration) time.Duration { return max(0, d.At-now) }

// String reads, for example, "start at 12.3s: exited (exit 1, restart 2), rule 18".
func (d Decision) String() string {
	s := d.Action.String()
	if d.At > 0 {
		s += fmt.Sprintf(" at %v", d.At)
	}
	s += ": " + string(d.Reason)
	if d.Detail != "" {
		s += " (" + d.Detail + ")"
	}
	s += fmt.Sprintf(", rule %d", d.Rule)
	if d.CrashLoop && d.Reason != ReasonCrashLoop {
		s += ", crash loop"
	}
	return s
}
