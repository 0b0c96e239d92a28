package plan

import "github.com/musterdev/muster/engine"

// AwaitEnd waits until a stop that an earlier command asked for has ended the
// container. One that outlasts it is a warning.
type AwaitEnd struct {
	Target   engine.Ref
	Service  string
	Stopping engine.Stopping
}

// Reasons of the wait, and of the start that follows it.
const (
	StillStopped   = "still being stopped by an earlier command"
	StoppedEarlier = "an earlier command stops it"
)

func (a AwaitEnd) String() string { return "wait for " + a.Target.Name + " to end" }

// About implements Action.
func (a AwaitEnd) About() About {
	about := aboutContainer(a.Target, "Waiting", "Stopped")
	about.Service, about.Class, about.Tracks, about.Explains = a.Service, ClassWait, true, true
	return about
}
