package supervise

import (
	"fmt"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

// decide judges every container and carries out what is due. Judging is pure
// and cheap, so it is done for all whenever anything has happened: a change of
// one container may be what another waits for. Dependencies come first, so that
// what is decided about them is known when their dependents are judged.
func (l *loop) decide() {
	l.wake = 0
	l.roster.superseded = l.roster.findSuperseded()
	var starts []restartpolicy.Candidate
	for _, w := range l.roster.sorted() {
		l.lookAgain(w)
		if !w.known || w.acting != restartpolicy.Leave || w.settling {
			continue
		}
		in := l.input(w)
		w.decision, w.history = restartpolicy.Decide(in)
		if w.ended != "" && w.decision.Reason == restartpolicy.ReasonOperation {
			w.decision = restartpolicy.Decision{Action: restartpolicy.GiveUp, Reason: w.ended, Rule: w.decision.Rule}
		}
		l.tell(w)
		l.recovered(w)
		switch d := w.decision; {
		case w.notUntil > in.Now && d.Action != restartpolicy.Start:
			l.wakeAt(w.notUntil)
		case d.Action == restartpolicy.GiveUp && l.roster.braked(w) && w.seen.Error == "":
			l.act(w, restartpolicy.Release) // the mark must not outlive what it was for
		case !due(d):
			l.checkBy(w, d.At)
		case d.At > in.Now:
			l.wakeAt(d.At)
		case d.Action == restartpolicy.Start || d.Action == restartpolicy.Restart:
			starts = append(starts, restartpolicy.Candidate{ID: w.ref.ID, Level: l.roster.levels[w.service], FailedAt: w.history.FailedAt()})
		default:
			l.act(w, d.Action)
		}
	}
	if l.breaker.Open(l.now()) {
		l.wakeAt(l.breaker.Until())
	}
	l.start(starts)
}

// checkBy makes sure that the container is looked at by then. An earlier time
// stands: the rules may move theirs on for as long as nothing is seen to change.
func (l *loop) checkBy(w *ward, at time.Duration) {
	if at > 0 && (w.checkAt == 0 || at < w.checkAt) {
		w.checkAt = max(at, l.now()+lookRetry)
		l.wakeAt(w.checkAt)
	}
}

// lookAgain looks at a container whose time for it has come.
func (l *loop) lookAgain(w *ward) {
	switch {
	case w.checkAt == 0:
	case w.checkAt <= l.now():
		l.look(w)
	default:
		l.wakeAt(w.checkAt)
	}
}

// start starts as many of the due containers as the budget allows.
func (l *loop) start(due []restartpolicy.Candidate) {
	granted, retry, next := l.budget.Grant(l.now(), due)
	l.budget = next
	for _, c := range granted {
		w := l.roster.wards[c.ID]
		w.granted = true
		l.act(w, w.decision.Action)
	}
	if retry > 0 {
		l.wakeAt(retry)
	}
}

// tell records a decision that differs from the one told last.
func (l *loop) tell(w *ward) {
	d := w.decision
	if d.Reason == restartpolicy.ReasonResync || d.Reason == restartpolicy.ReasonEngineDown {
		return // told once for all containers
	}
	key := fmt.Sprintf("%v/%s/%s/%v", d.Action, d.Reason, d.Detail, d.CrashLoop)
	if key == w.told {
		return
	}
	first := w.told == ""
	w.told = key
	if first && d.Reason == restartpolicy.ReasonRunning {
		return // nothing to say about a container that is simply there
	}
	r := Record{Kind: RecordDecision, Container: w.ref, Service: w.service, Seen: describe(w.seen), Decision: d}
	if due(d) {
		r.Wait = d.Wait(l.now())
	}
	switch {
	case d.CrashLoop && !w.looping:
		r.Alert = AlertCrashLoop
	case d.Action == restartpolicy.GiveUp:
		r.Alert = AlertGaveUp
	}
	w.alerted(r.Alert)
	l.record(r)
}
