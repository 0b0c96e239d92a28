// Package fate decides what becomes of a container, or of the place where one is
// to be: a table from what is wanted, what was found, what the command says and
// what happens around it, to a fate with its reason. It knows no project and no
// plan.
package fate

import (
	"fmt"

	"github.com/musterdev/muster/engine"
)

// Fate is what becomes of a container.
type Fate int

// The fates.
const (
	Leave      Fate = iota
	Start           // it is there and does not run
	StartLater      // as Start, once the stop that an earlier command asked for has ended it
	Unpause
	Bounce   // it runs, and is stopped and started again
	Create   // there is none yet
	Recreate // a successor is made beside it and takes over
	Rebuild  // it is removed first, then made again
	Remove
	Restart // by one call of the engine
	Stop
	Kill
	Pause
)

// Keeps reports whether the container stays the same one.
func (f Fate) Keeps() bool { return f <= Bounce }

// Replaces reports whether another container takes its place.
func (f Fate) Replaces() bool { return f == Recreate || f == Rebuild }

// Command is what was asked for.
type Command int

// The commands.
const (
	CommandUp Command = iota // and create, scale
	CommandRun
	CommandStart
	CommandRestart
	CommandStop
	CommandKill
	CommandPause
	CommandUnpause
	CommandRemove
	CommandDown
)

// Kind is what a container is to its project.
type Kind int

// The kinds. An interrupted run leaves two containers in one place: a predecessor
// whose successor runs, or a leftover, which is a successor that never ran.
const (
	Replica Kind = iota
	OneOff
	Hook
	Predecessor
	Leftover
)

// Policy says when a container is replaced.
type Policy int

// The policies.
const (
	IfDiverged Policy = iota
	Always
	Never
)

// Facts is all that a fate depends on. What happens around the container is said
// in the words that become the reason, and empty if it does not happen.
type Facts struct {
	Command Command
	Kind    Kind

	// What is wanted.
	Service  string
	Declared bool // by the files
	Scale    int
	Surplus  bool // there are as many as wanted without it
	Others   bool // other replicas are there
	Follower bool // its service is not brought in line, only affected
	OneShot  bool // ending with code 0 is what it is for

	// What was found.
	State    engine.State // empty if there is no container
	Stopping bool         // it runs, and an earlier command stops it
	ExitCode int

	// What the command says.
	Policy        Policy
	RenewVolumes  bool
	NoStart       bool
	RemoveOrphans bool
	Chosen        bool // named, where only those named are meant
	EvenRunning   bool // rm stops what runs

	// What happens around it.
	Volume     string // it mounts a volume that is replaced
	Joined     string // it joins a container that is replaced
	Differs    string // from what its service asks for
	Network    string // it is on a network that is replaced
	Dependency string // it restarts with what it depends on
}

// Verdict is a fate and its reason.
type Verdict struct {
	Fate   Fate
	Reason Reason
	Why    string // the reason in words
	Starts bool   // its processes start
}

func (f Facts) runs() bool {
	return f.State == engine.Running || f.State == engine.Paused || f.State == engine.Restarting
}

// Compares reports whether it matters how the container differs from what its
// service asks for.
func (f Facts) Compares() bool {
	mayDiffer := f.Policy == IfDiverged || f.Policy == Never && f.State.HalfRemoved()
	return f.Command == CommandUp && f.Kind == Replica && !f.Follower && f.State != "" && mayDiffer && f.Volume == "" && f.Joined == ""
}

// Of is the table.
func Of(f Facts) Verdict {
	switch {
	case f.Command == CommandRun:
		return f.verdict(Create, AskedFor)
	case f.Command == CommandDown:
		return f.down()
	case f.Command != CommandUp:
		return f.asked()
	case f.Kind == Predecessor:
		return f.verdict(Remove, SuccessorRuns)
	case f.Kind == Leftover:
		return f.verdict(Remove, LeftBehind)
	case f.Kind != Replica || !f.Declared:
		return f.orphan()
	case f.Follower && f.Joined != "" && f.Policy != Never:
		return f.verdict(Recreate, Joined)
	case f.Follower:
		return f.kept()
	case f.State == "" && !f.Others:
		return f.verdict(Create, Missing)
	case f.State == "":
		return f.verdict(Create, Scaled)
	case f.Surplus:
		return f.verdict(Remove, Scaled)
	case f.Volume != "":
		return f.verdict(Rebuild, VolumeReplaced)
	}
	why := f.replacement()
	switch {
	case why == None:
		return f.kept()
	case f.State.HalfRemoved():
		return f.verdict(Rebuild, why)
	}
	return f.verdict(Recreate, why)
}

// replacement is why a replica is replaced; None if it stays.
func (f Facts) replacement() Reason {
	switch {
	case f.Policy == Never && !f.State.HalfRemoved():
		return None
	case f.Policy == Always && f.RenewVolumes:
		return VolumesRenewed
	case f.Policy == Always:
		return Forced
	case f.Joined != "":
		return Joined
	case f.Differs != "":
		return Differs
	}
	return None
}

// kept is the fate of a container that stays the same one.
func (f Facts) kept() Verdict {
	switch {
	case f.NoStart:
		return f.verdict(Leave, None)
	case f.runs() && f.Network != "":
		return f.verdict(Bounce, NetworkReplaced)
	case f.runs() && f.Dependency != "":
		return f.verdict(Bounce, Follows)
	case f.Follower:
		return f.verdict(Leave, None)
	}
	return f.started()
}

// started is the fate of a container that is to run.
func (f Facts) started() Verdict {
	switch {
	case f.runs() && f.Stopping:
		return f.verdict(StartLater, StoppedEarlier)
	case f.State == engine.Paused:
		return f.verdict(Unpause, Paused)
	case f.State == engine.Created:
		return f.verdict(Start, NeverStarted)
	case f.State == engine.Exited && f.OneShot:
		return f.verdict(Start, RunsAgain)
	case f.State == engine.Exited:
		return f.verdict(Start, Ended)
	}
	return f.verdict(Leave, None)
}

// orphan is the fate of what up finds beside the replicas. What stays with a
// reason is told of.
func (f Facts) orphan() Verdict {
	switch {
	case f.Kind == Hook && f.runs():
		return f.verdict(Leave, None)
	case f.Kind == Hook && f.Declared:
		return f.verdict(Remove, HookLeftBehind)
	case f.Kind == Hook:
		return f.orphaned(HookLeftBehind)
	case f.Kind == OneOff && f.State != engine.Exited && f.State != engine.Dead:
		return f.verdict(Leave, None)
	case f.Kind == OneOff:
		return f.orphaned(Finished)
	}
	return f.orphaned(Undeclared)
}

func (f Facts) orphaned(why Reason) Verdict {
	if f.RemoveOrphans {
		return f.verdict(Remove, why)
	}
	return f.verdict(Leave, why)
}

// down is the fate of a container of what is taken down: all goes but one-offs
// that run and, if there are files, what they do not declare, which is told of.
func (f Facts) down() Verdict {
	why := ProjectDown
	switch {
	case f.Kind == Hook:
		why = HookLeftBehind
	case f.Kind == OneOff:
		why = IsOneOff
	case !f.Declared:
		why = Undeclared
	case f.Chosen:
		why = ServiceDown
	}
	if f.Kind == OneOff && f.runs() || !f.Declared {
		return f.orphaned(why)
	}
	return f.verdict(Remove, why)
}

// asked is the fate of a container that a command works on as it is.
func (f Facts) asked() Verdict {
	switch {
	case f.Command == CommandStart:
		return f.started()
	case f.Command == CommandRestart && !f.State.HalfRemoved() && f.Chosen:
		return f.verdict(Restart, AskedRestart)
	case f.Command == CommandRestart && !f.State.HalfRemoved() && f.Dependency != "":
		return f.verdict(Restart, Follows)
	case f.Command == CommandStop && f.runs():
		return f.verdict(Stop, AskedStop)
	case f.Command == CommandKill && f.runs():
		return f.verdict(Kill, AskedKill)
	case f.Command == CommandPause && f.State == engine.Running:
		return f.verdict(Pause, AskedPause)
	case f.Command == CommandUnpause && f.State == engine.Paused:
		return f.verdict(Unpause, AskedUnpause)
	case f.Command == CommandRemove && (f.EvenRunning || !f.runs()):
		return f.verdict(Remove, AskedRemove)
	}
	return f.verdict(Leave, None)
}

func (f Facts) verdict(fate Fate, why Reason) Verdict {
	v := Verdict{Fate: fate, Reason: why, Why: f.words(why)}
	switch fate {
	case Start, StartLater, Bounce:
		v.Starts = true
	case Create, Recreate, Rebuild:
		v.Starts = !f.NoStart
	}
	return v
}

// words are the reason as people read it.
func (f Facts) words(why Reason) string {
	switch why {
	case Scaled:
		return fmt.Sprintf("%s is scaled to %d", f.Service, f.Scale)
	case Ended:
		return fmt.Sprintf("exited with code %d", f.ExitCode)
	case Undeclared:
		return "no service " + f.Service + " is declared"
	case ServiceDown:
		return "service " + f.Service + " is taken down"
	case VolumeReplaced:
		return f.Volume
	case Joined:
		return f.Joined
	case Differs:
		return f.Differs
	case NetworkReplaced:
		return f.Network
	case Follows:
		return f.Dependency
	}
	return fixedReasons[why]
}
