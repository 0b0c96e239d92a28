package restartpolicy

import (
	"fmt"
	"time"
)

// waitSlack is how much longer than its own delay the engine may take for a restart
// before the container is looked at again.
const waitSlack = 10 * time.Second

// A Rule is one line of the table that Decide works down.
type Rule struct {
	Number int
	Text   string // what it says, for people
	// decide returns the rule's decision, and whether the rule applies at all. It
	// may note grants and refusals in the input's history.
	decide func(*Input) (Decision, bool)
}

// Rules returns the table in the order in which it is tried: the first rule that
// applies decides.
func Rules() []Rule {
	return append(untouchable(), []Rule{
		{3, "what an operation stops is left to it", byOperation},
		{4, "a paused container is left as it is: neither its health nor a policy applies", byPause},
		{5, "a crash loop of the engine's own restarts is ended or braked if asked for", byCrashLoop},
		{5, "a container that the engine is about to restart is the engine's", byEngineDelay},
		{6, "a container is restarted after the one whose namespace it shares, or if asked for after a dependency", byParent},
		{7, "an unhealthy container is restarted or stopped if asked for, unless the host is to blame", byHealth},
		{8, "a running container is left as it is, and its brake is released when the crash loop is over", byRunning},
		{9, "a container that was created but never started is left as it is", byCreation},
		{10, "what a user stopped stays stopped under every policy", byUser},
		{11, "with the policy no nothing is started", byPolicyNo},
		{12, "success completes a container under on-failure", byCompletion},
		{13, "restarts that the engine owns are left to it until it has plainly forgotten them", byEngineOwner},
		{14, "a start that cannot succeed is given up after three attempts", byStartError},
		{15, "a crash loop, or the policy's bound on restarts, ends in giving up", byAttempts},
		{16, "a container waits for its required dependencies", byDependencies},
		{17, "otherwise it is started after its backoff", byDefault},
	}...)
}

// untouchable are the rules that come before anything may be remembered, since
// what was observed is stale or none of our business.
func untouchable() []Rule {
	return []Rule{
		{1, "nothing is decided while the engine is away or its state not yet read again", byEngineState},
		{2, "what is gone, exempt or replaced is not supervised", byExistence},
	}
}

// Decide says what to do with a container, when and why, and what to remember. It
// works down Rules and takes the first that applies.
//
// A decision stands until the input changes: asked again with the history it
// returned, Decide answers the same, with the same deadline. The caller carries
// out a decision when it is due, asks again with fresh observations just before,
// and reports a failed start through History.StartFailed. How many containers
// start at the same time is not decided here but by a Budget.
func Decide(in Input) (Decision, History) {
	early := len(untouchable())
	for i, r := range Rules() {
		if i == early {
			in.observe()
		}
		if d, ok := r.decide(&in); ok {
			d.Rule = r.Number
			d.CrashLoop = in.History.CrashLooping(in.Now)
			return d, in.History
		}
	}
	panic("restartpolicy: the last rule did not decide") // byDefault always does
}

func leave(why Reason) (Decision, bool) { return Decision{Reason: why}, true }

func pass() (Decision, bool) { return Decision{}, false }

func byEngineState(in *Input) (Decision, bool) {
	switch in.Engine {
	case EngineDown:
		return leave(ReasonEngineDown)
	case EngineResync:
		return leave(ReasonResync)
	}
	return pass()
}

func byExistence(in *Input) (Decision, bool) {
	switch in.Container.State {
	case Created, Running, Paused, Restarting, Exited:
	default: // gone, going, or in a state that only a newer engine knows
		return Decision{Reason: ReasonForgotten, Detail: string(in.Container.State)}, true
	}
	if in.Container.Exempt {
		return leave(ReasonForgotten)
	}
	return pass()
}

func byOperation(in *Input) (Decision, bool) {
	if in.Intent == OpStop {
		return leave(ReasonOperation)
	}
	return pass()
}

func byPause(in *Input) (Decision, bool) {
	if in.Container.State == Paused {
		return leave(ReasonPaused)
	}
	return pass()
}

// byCrashLoop applies to restarts that the engine makes; those of the supervisor
// pass through byAttempts.
func byCrashLoop(in *Input) (Decision, bool) {
	status := in.Container.State
	engines := in.Owner == Engine && in.Policy.Restarts() && (status == Running || status == Restarting)
	if !engines || !in.History.CrashLooping(in.Now) {
		return pass()
	}
	d := Decision{At: in.Now, Reason: ReasonCrashLoop, Detail: fmt.Sprintf("score %.1f", in.History.Score(in.Now))}
	switch {
	case in.Options.OnCrashLoop == EndCrashLoop:
		d.Action = Stop
		return d, true
	case in.Options.OnCrashLoop == BrakeCrashLoop && !in.braked():
		d.Action = Brake
		return d, true
	}
	return pass()
}

func byEngineDelay(in *Input) (Decision, bool) {
	if in.Container.State != Restarting {
		return pass()
	}
	by := in.History.seen + EngineDelay(in.Container.RestartCount) + waitSlack
	if by <= in.Now { // it takes long, but only the engine can say how long
		by = in.Now + waitSlack
	}
	return Decision{At: by, Reason: ReasonEngineWaits}, true
}

func byParent(in *Input) (Decision, bool) {
	c, h := in.Container, &in.History
	if c.State != Running || in.Intent == UserStop { // a stop may be under way
		return pass()
	}
	for _, n := range in.Needs {
		why := ReasonNamespace
		switch {
		case !n.Satisfied || !n.StartedAt.After(c.StartedAt):
			continue
		case n.SharesNamespace && !in.Policy.Restarts():
			return Decision{Reason: ReasonNamespaceNo, Detail: n.Name}, true
		case n.SharesNamespace:
		case n.Restart && in.Options.Cascade == CascadeAlways && in.Policy.Restarts():
			why = ReasonCascade
		default:
			continue
		}
		h.grant(*in, Restart, false)
		h.due = min(h.due, in.Now) // no failure, hence no backoff
		return Decision{Action: Restart, At: h.due, Reason: why, Detail: n.Name}, true
	}
	return pass()
}

func byHealth(in *Input) (Decision, bool) {
	c, h := in.Container, &in.History
	sick := c.State == Running && c.Health.Verdict == "unhealthy" && !c.Health.InStartPeriod
	if !sick || in.Intent == UserStop {
		return pass()
	}
	if !in.unhealthy() {
		if in.Options.OnUnhealthy == RestartUnhealthy || in.Options.OnUnhealthy == StopUnhealthy {
			return leave(ReasonUnhealthyNo)
		}
		return pass()
	}
	if in.hostSick() {
		return leave(ReasonHostSick)
	}
	if in.Options.OnUnhealthy == StopUnhealthy {
		return Decision{Action: Stop, At: h.due, Reason: ReasonUnhealthy}, true
	}
	if h.planned != Restart {
		if why, over := in.refusal(); over {
			return in.giveUp(why)
		}
	}
	h.grant(*in, Restart, true)
	return Decision{Action: Restart, At: h.due, Reason: ReasonUnhealthy, Detail: in.restartDetail()}, true
}

func byRunning(in *Input) (Decision, bool) {
	if in.Container.State != Running {
		return pass()
	}
	in.History.planned = Leave // what it was planned for is over
	if !in.braked() {
		return leave(ReasonRunning)
	}
	score := in.History.Score(in.Now)
	if score < ReleaseScore {
		return Decision{Action: Release, At: in.Now, Reason: ReasonCrashLoopOver}, true
	}
	// A nanosecond more, so that the score is below and not at the threshold.
	at := in.Now + fadesTo(score, ReleaseScore) + 1
	return Decision{At: at, Reason: ReasonCrashLoop, Detail: "braked"}, true
}
