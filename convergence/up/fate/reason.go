package fate

import "github.com/musterdev/muster/convergence/plan"

// Reason is why a container has its fate.
type Reason int

// The reasons.
const (
	None Reason = iota
	Missing
	Scaled
	AskedFor
	VolumeReplaced
	VolumesRenewed
	Forced
	Joined
	Differs
	NetworkReplaced
	Follows // what it depends on
	StoppedEarlier
	Paused
	NeverStarted
	RunsAgain
	Ended
	SuccessorRuns
	LeftBehind
	HookLeftBehind
	Finished
	IsOneOff
	Undeclared
	ServiceDown
	ProjectDown
	AskedRestart
	AskedStop
	AskedKill
	AskedPause
	AskedUnpause
	AskedRemove
	reasons // how many there are
)

// said are the reasons that are said in the same words each time.
var said = [reasons]string{
	Missing:        "not there yet",
	AskedFor:       "it was asked for",
	VolumesRenewed: "new anonymous volumes were asked for",
	Forced:         "a recreation was asked for",
	StoppedEarlier: plan.StoppedEarlier,
	Paused:         "paused",
	NeverStarted:   "created, but not started",
	RunsAgain:      "finished with code 0; a one-shot runs again on every up",
	SuccessorRuns:  "an interrupted run had already started its successor",
	LeftBehind:     "an interrupted run left it behind",
	HookLeftBehind: "a hook container that was left behind",
	Finished:       "a finished one-off container",
	IsOneOff:       "a one-off container",
	ProjectDown:    "the project goes down",
	AskedRestart:   plan.Asked + "restart it",
	AskedStop:      plan.Asked + "stop",
	AskedKill:      plan.Asked + "kill it",
	AskedPause:     plan.Asked + "pause it",
	AskedUnpause:   plan.Asked + "unpause it",
	AskedRemove:    plan.Asked + "remove it",
}
