package supervise

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

// ward is a container under supervision: what was seen of it last, what its
// events told, what was decided and what is being done.
type ward struct {
	ref     engine.Ref
	service string

	seen    engine.Inspection
	known   bool // seen is set
	reading int  // the occasion on which seen was read
	edges   restartpolicy.Edges
	history restartpolicy.History

	decision restartpolicy.Decision
	told     string // the decision that was recorded last

	looking bool                 // an inspection is under way
	again   bool                 // look again after it
	acting  restartpolicy.Action // what is being done, or Leave
	granted bool                 // the action holds a place in the budget

	// settling says that an action has ended and its outcome has not been seen.
	settling bool
	// stopping says that an action of ours makes the engine stop it.
	IsStopping bool
	// ourStop is until when, by the engine's clock, events may tell of a stop of
	// ours that is accounted for.
	ourStop  time.Time
	ended    restartpolicy.Reason // why the supervisor stopped it for good, until it runs again
	checkAt  time.Duration        // when to look at it again at the latest; zero is never
	refusals int                  // actions in a row that the engine refused, starts apart
	notUntil time.Duration        // before which none of them is tried again

	upSince time.Duration // when the present run was first seen
	health  engine.Health // the last verdict while it ran
	looping bool          // a crash loop was alerted and has not ended
	sick    bool          // unhealthiness was alerted and it has not recovered
	bad     bool          // something was alerted and it has not recovered
}

// Supervision is what the supervisor knows of a container and plans for it.
type Supervision struct {
	Container engine.Ref
	Service   string
	State     engine.State
	Health    engine.Health
	Owner     restartpolicy.Owner
	Policy    restartpolicy.Policy
	Restarts  int // by the engine and the supervisor since the last deliberate start
	Decision  restartpolicy.Decision
	// Next is how long until the decision is carried out; negative if nothing is due.
	Next      time.Duration
	CrashLoop bool
}

// input gathers everything that a decision about the container depends on.
func (l *loop) input(w *ward) restartpolicy.Input {
	policy, owner := l.roster.policy(w)
	in := restartpolicy.Input{
		Now: l.now(), Policy: policy, Owner: owner, Options: l.roster.options(w),
		Engine: l.engineState, Container: l.roster.container(w), Intent: w.edges.Intent(),
		Gapless: w.edges.Gapless(), Needs: l.roster.needs(w),
		ProbesSuspended: l.breaker.Open(l.now()), Settle: l.breaker.Settle(l.roster.checked()),
		History: w.history,
	}
	if !l.roster.fresh(w) && in.Engine == restartpolicy.EngineUp {
		in.Engine = restartpolicy.EngineResync
	}
	return in
}

// restarting reports whether the supervisor restarts the container or is about to
// because of another one: what depends on it should be judged after that.
func (w *ward) restarting() bool {
	follows := w.decision.Reason == restartpolicy.ReasonNamespace || w.decision.Reason == restartpolicy.ReasonCascade
	return w.acting == restartpolicy.Restart || w.decision.Action == restartpolicy.Restart && follows
}

func (l *loop) supervisions() []Supervision {
	var all []Supervision
	for _, w := range l.roster.sorted() {
		if !w.known || !l.roster.selected(w.service) {
			continue
		}
		policy, owner := l.roster.policy(w)
		s := Supervision{
			Container: w.ref, Service: w.service, State: w.seen.State, Health: w.seen.Health,
			Owner: owner, Policy: policy, Decision: w.decision, Next: -1,
			Restarts: w.seen.RestartCount + w.history.Attempts(), CrashLoop: w.history.CrashLooping(l.now()),
		}
		if due(w.decision) {
			s.Next = w.decision.Wait(l.now())
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Supervision) int { return cmp.Compare(a.Container.Name, b.Container.Name) })
	return all
}

// due reports whether the decision asks for something to be done.
func due(d restartpolicy.Decision) bool {
	return d.Action != restartpolicy.Leave && d.Action != restartpolicy.GiveUp
}

// describe says what was seen of a container, for the audit.
func describe(c engine.Inspection) string {
	s := string(c.State)
	switch {
	case c.Error != "" && c.State != engine.Running:
		s += ", start failed: " + c.Error
	case c.State == engine.Exited || c.State == engine.Dead || c.State == engine.Restarting:
		s += fmt.Sprintf(" with code %d", c.ExitCode)
		if c.OOMKilled {
			s += ", out of memory"
		}
		if !c.FinishedAt.IsZero() && c.FinishedAt.After(c.StartedAt) {
			s += fmt.Sprintf(" after %v", c.FinishedAt.Sub(c.StartedAt).Round(time.Millisecond))
		}
	case c.Health != engine.HealthNone:
		s += ", " + string(c.Health)
	}
	return s
}
