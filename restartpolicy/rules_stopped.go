package restartpolicy

import (
	"fmt"
	"strings"
	"time"
)

const (
	// watchdog is how long an exited container may stay down before the engine
	// that owns it is taken to have forgotten it. The engine marks a container as
	// restarting in the same moment as it exits, so this is generous.
	watchdog = 2 * time.Second
	// permanentTries is how many starts may fail for a permanent reason, since
	// even a missing file may be on its way.
	permanentTries = 3
)

func byCreation(in *Input) (Decision, bool) {
	c := in.Container
	if c.State == Created && in.Intent != WantRun && c.StartError == "" {
		return leave(ReasonCreated)
	}
	return pass()
}

func byUser(in *Input) (Decision, bool) {
	c := in.Container
	// An exit that our own restart brought about was requested too.
	requested := c.Exit.Requested && c.StartError == "" && in.Intent != WantRun && in.History.planned != Restart
	if in.Intent == UserStop || c.State == Exited && requested {
		if in.braked() && c.StartError == "" { // the brake was for restarts, and there are none now
			return Decision{Action: Release, At: in.Now, Reason: ReasonUserStop}, true
		}
		return leave(ReasonUserStop)
	}
	return pass()
}

func byPolicyNo(in *Input) (Decision, bool) {
	if !in.Policy.Restarts() {
		return leave(ReasonPolicyNo)
	}
	return pass()
}

func byCompletion(in *Input) (Decision, bool) {
	c := in.Container
	if c.State == Exited && in.Policy.Mode == OnFailure && c.Exit.Code == 0 && c.StartError == "" {
		return leave(ReasonCompleted)
	}
	return pass()
}

// byEngineOwner waits for an engine that owns the restart. An engine that has not
// even begun it after a while was told to forget it: by a signal that was no stop,
// or by its own crash. If a stop by a user may have gone unseen, that is assumed.
func byEngineOwner(in *Input) (Decision, bool) {
	c, h := in.Container, &in.History
	if in.Owner != Engine || c.State != Exited || in.Intent == WantRun {
		return pass()
	}
	if in.braked() {
		if c.StartError != "" {
			return leave(ReasonBraked)
		}
		return pass()
	}
	if c.StartError != "" || h.planned != Leave || h.refused != "" || h.exhausted(*in) {
		return pass()
	}
	if !in.Gapless {
		return leave(ReasonStoppedAway)
	}
	if by := h.seen + watchdog; in.Now < by {
		return Decision{At: by, Reason: ReasonEngineOwns}, true
	}
	return pass()
}

func byStartError(in *Input) (Decision, bool) {
	if in.Container.StartError != "" && in.History.startErrors >= permanentTries {
		d, _ := in.giveUp(ReasonPermanent)
		d.Detail = in.Container.StartError
		return d, true
	}
	return pass()
}

func byAttempts(in *Input) (Decision, bool) {
	if in.History.planned == Start {
		return pass() // already granted for this exit
	}
	if why, over := in.refusal(); over {
		return in.giveUp(why)
	}
	return pass()
}

func byDependencies(in *Input) (Decision, bool) {
	var missing []string
	for _, n := range in.Needs {
		if n.Required && !n.Satisfied {
			missing = append(missing, n.Name)
		}
	}
	if len(missing) == 0 {
		return pass()
	}
	return Decision{Reason: ReasonDependency, Detail: strings.Join(missing, ", ")}, true
}

func byDefault(in *Input) (Decision, bool) {
	c, h := in.Container, &in.History
	if in.braked() {
		h.due = max(h.due, h.seen+MaxDelay) // what a brake is for
	}
	exited := c.State == Exited && c.StartError == ""
	h.grant(*in, Start, exited && in.Intent != WantRun)
	d := Decision{Action: Start, At: h.due, Detail: in.restartDetail()}
	switch {
	case c.StartError != "":
		d.Reason, d.Detail = ReasonStartFailed, c.StartError
	case in.Intent == WantRun:
		d.Reason = ReasonMeantToRun
	default:
		d.Reason = ReasonExited
	}
	return d, true
}

// refusal returns why no restart may follow, if so. A failed start is not bounded
// by the policy, since the process has not run.
func (in *Input) refusal() (Reason, bool) {
	h := &in.History
	switch {
	case h.refused != "":
		return h.refused, true
	case in.Options.OnCrashLoop == EndCrashLoop && h.CrashLooping(in.Now):
		return ReasonCrashLoop, true
	case in.Container.StartError == "" && in.Intent != WantRun && h.exhausted(*in):
		return ReasonAttempts, true
	}
	return "", false
}

// giveUp refuses restarts until the container is started deliberately.
func (in *Input) giveUp(why Reason) (Decision, bool) {
	in.History.refused = why
	d := Decision{Action: GiveUp, Reason: why, Detail: in.exitDetail()}
	if why == ReasonAttempts {
		d.Detail += fmt.Sprintf(", policy %v", in.Policy)
	}
	return d, true
}

// exitDetail reads "exit 137, out of memory".
func (in *Input) exitDetail() string {
	c := in.Container
	if c.State == Running {
		return "health check fails"
	}
	s := fmt.Sprintf("exit %d", c.Exit.Code)
	if c.Exit.OOM {
		s += ", out of memory"
	}
	return s
}

// restartDetail reads "exit 1, restart 2 of 3".
func (in *Input) restartDetail() string {
	s := in.exitDetail()
	if n := in.History.attempts; n > 0 {
		s += fmt.Sprintf(", restart %d", n)
		switch limit := in.Policy.MaxAttempts; {
		case limit == 0:
		case in.Policy.Window == 0:
			s += fmt.Sprintf(" of %d", limit)
		default:
			s += fmt.Sprintf(", %d of %d attempts failed", in.History.failed, limit)
		}
	}
	return s
}
