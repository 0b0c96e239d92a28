package convergence

import (
	"fmt"

	"github.com/musterdev/muster/restartpolicy"
)

// decide judges every container and carries out what is due. Judging is pure
// and cheap, so it is done for all whenever anything has happened: a change of
// one container may be what another waits for.
func (l *loop) decide() {
	l.wake = 0
	var starts []restartpolicy.Candidate
	for _, w := range l.sorted() {
		if !w.known || w.acting != restartpolicy.Leave || w.settling {
			continue
		}
		in := l.input(w)
		w.decision, w.history = restartpolicy.Decide(in)
		l.tell(w)
		switch d := w.decision; {
		case !due(d):
			if d.At > in.Now {
				l.wakeAt(d.At)
			} else if d.At > 0 {
				l.look(w) // the time to look again has come
			}
		case d.At > in.Now:
			l.wakeAt(d.At)
		case d.Action == restartpolicy.Start || d.Action == restartpolicy.Restart:
			starts = append(starts, restartpolicy.Candidate{ID: w.ref.ID, Level: l.levels[w.service], FailedAt: w.history.FailedAt()})
		default:
			l.act(w)
		}
	}
	if l.breaker.Open(l.now()) {
		l.wakeAt(l.breaker.Until())
	}
	l.start(starts)
}

// start starts as many of the due containers as the budget allows.
func (l *loop) start(due []restartpolicy.Candidate) {
	granted, retry, next := l.budget.Grant(l.now(), due)
	l.budget = next
	for _, c := range granted {
		w := l.wards[c.ID]
		w.granted = true
		l.act(w)
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
	case d.CrashLoop && !w.crashTold():
		r.Alert = AlertCrashLoop
	case d.Action == restartpolicy.GiveUp:
		r.Alert = AlertGaveUp
	}
	w.alerted(r.Alert)
	l.record(r)
}
