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

// fixedReasons are the reasons that are said in the same words each time.
var fixedReasons = [reasons]string{
	Missing:        "does not exist yet",
	AskedFor:       "requested",
	VolumesRenewed: "--renew-anon-volumes was given",
	Forced:         "--force-recreate was given",
	StoppedEarlier: plan.StoppedEarlier,
	Paused:         "paused",
	NeverStarted:   "created, but not started",
	RunsAgain:      "finished with code 0; a one-shot runs again on every up",
	SuccessorRuns:  "its replacement was already started by an interrupted run",
	LeftBehind:     "left behind by an interrupted run",
	HookLeftBehind: "a leftover hook container",
	Finished:       "a finished one-off container",
	IsOneOff:       "a one-off container",
	ProjectDown:    "the project is taken down",
	AskedRestart:   plan.Requested + "restart it",
	AskedStop:      plan.Requested + "stop",
	AskedKill:      plan.Requested + "kill it",
	AskedPause:     plan.Requested + "pause it",
	AskedUnpause:   plan.Requested + "unpause it",
	AskedRemove:    plan.Requested + "remove it",
}
