package supervise

import (
	"context"
	"fmt"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

// actTimeout bounds an action; a stop may take the container's grace period longer.
const actTimeout = 2 * time.Minute

// actionRequest is an action with everything that carrying it out needs.
type actionRequest struct {
	action   restartpolicy.Action
	seen     engine.Inspection   // what it was decided on
	awaited  []engine.Inspection // what a start was decided on besides
	policy   string              // declared, in the engine's words
	giveBack bool                // the engine gets its restarts back after a start
	before   []plan.RunHook      // pre_stop hooks, if the action stops it
	then     []plan.RunHook      // post_start hooks, if the action starts it
	timeout  time.Duration
}

// actionResult is the outcome of an action.
type actionResult struct {
	id       string
	action   restartpolicy.Action
	granted  bool              // it held a place in the budget
	outdated bool              // nothing was done because the container had changed
	stale    []string          // IDs of dependencies that had changed, so that nothing was done
	waited   bool              // nothing was done because somebody else was at work before
	after    engine.Inspection // what a stop or restart led to; empty if that is not known
	err      error
	hooks    error // of hooks, which do not change what becomes of the container
}

// stopStarting says that the engine is about to be asked to stop a container, so
// that the events of that are ours.
type stopStarting struct{ id string }

func (m stopStarting) handle(l *loop) {
	if w := l.roster.wards[m.id]; w != nil {
		w.IsStopping = true
	}
}

// act carries an action out, unless the container has changed since.
func (l *loop) act(w *ward, action restartpolicy.Action) {
	w.acting = action
	policy, _ := l.roster.policy(w)
	e := actionRequest{action: action, seen: w.seen, policy: enginePolicy(policy), timeout: actTimeout}
	if s := l.roster.want.Service(w.service); s != nil {
		if s.Grace != nil {
			e.timeout += *s.Grace
		}
		e.before, e.then = hooksAround(action, s, w.seen)
	}
	if action == restartpolicy.Start {
		e.awaited = l.roster.awaited(w)
	}
	lasting := l.roster.options(w).OnCrashLoop == restartpolicy.BrakeCrashLoop && w.history.CrashLooping(l.now())
	e.giveBack = l.roster.braked(w) && !lasting
	granted := w.granted
	x := &executor{
		engine: l.sup.engine, exclusive: l.sup.opt.Exclusive, output: l.sup.opt.HookOutput,
		stopping: func(id string) { l.sup.inbox.put(stopStarting{id}) },
	}
	l.spawn(func(ctx context.Context) message {
		m := x.execute(ctx, e)
		m.id, m.action, m.granted = e.seen.ID, action, granted
		return m
	})
}

// enginePolicy is the policy as SetRestartPolicy takes it.
func enginePolicy(p restartpolicy.Policy) string {
	name, retries := p.Engine()
	if retries > 0 {
		return fmt.Sprintf("%s:%d", name, retries)
	}
	return name
}

func (m actionResult) handle(l *loop) {
	if m.granted {
		l.budget = l.budget.Done()
	}
	w := l.roster.wards[m.id]
	if w == nil {
		return
	}
	w.acting, w.granted, w.settling = restartpolicy.Leave, false, true
	l.look(w)
	if m.waited {
		l.rereadAll()
	}
	for _, id := range m.stale {
		if other := l.roster.wards[id]; other != nil {
			other.reading = 0 // not to be relied on before it was looked at
			l.look(other)
		}
	}
	if m.outdated {
		return
	}
	if m.err != nil && (m.action == restartpolicy.Start || m.action == restartpolicy.Restart) {
		w.history = w.history.StartFailed()
	}
	w.refused(m, l.now())
	w.stopped(m, l.now())
	l.record(Record{Kind: RecordAction, Container: w.ref, Service: w.service, Seen: describe(w.seen), Action: m.action, Err: m.err})
	if m.hooks != nil {
		l.record(Record{Kind: RecordHook, Container: w.ref, Service: w.service, Seen: describe(w.seen), Action: m.action, Err: m.hooks})
	}
}

// refused makes the next try wait, longer each time, after the engine refused
// what was asked. Starts have the backoff of their policy.
func (w *ward) refused(m actionResult, now time.Duration) {
	if m.err == nil || m.action == restartpolicy.Start {
		w.refusals, w.notUntil = 0, 0
		return
	}
	w.refusals++
	w.notUntil = now + restartpolicy.Jitter(restartpolicy.Backoff(float64(w.refusals)+3, 0), w.ref.ID, w.refusals)
}

// lateEvents is how long after an exit the engine may tell of the stop that caused it.
const lateEvents = 2 * time.Second

// stopped takes note of a stop of ours, whether or not its events have come.
// Those that are still to come tell nothing new.
func (w *ward) stopped(m actionResult, now time.Duration) {
	before, after := w.seen, m.after
	again := after.StartedAt.After(before.StartedAt)
	if after.ID == "" || !again && after.State == engine.Running {
		return
	}
	w.edges = w.edges.Observe(restartpolicy.StreamEvent{Kind: restartpolicy.StopEvent, At: now, Ours: true})
	switch {
	case again:
		w.ourStop = after.StartedAt
		w.edges = w.edges.Observe(restartpolicy.StreamEvent{Kind: restartpolicy.StartEvent, At: now, Ours: true})
	case m.action == restartpolicy.Restart:
		w.ourStop = after.FinishedAt.Add(lateEvents)
		w.edges = w.edges.RestartFailed()
	default:
		w.ourStop = after.FinishedAt.Add(lateEvents)
		w.ended = w.decision.Reason
	}
}
