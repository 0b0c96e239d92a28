package supervise

import (
	"context"
	"errors"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/restartpolicy"
)

const (
	// callTimeout bounds reads: an engine that is starting hangs rather than refuses.
	callTimeout = 20 * time.Second
	// lookRetry is how long after an inspection that failed the next one follows.
	lookRetry = time.Second
	// maxLooks is how many inspections may be under way at the same time.
	maxLooks = 8
)

// inspected is the answer to an inspection.
type inspected struct {
	id      string
	reading int
	seen    engine.Inspection
	err     error
}

// look inspects a container; one inspection at a time, and one more if something
// happened meanwhile.
func (l *loop) look(w *ward) {
	w.checkAt = 0
	if w.looking {
		w.again = true
		return
	}
	w.looking = true
	ref, reading := w.ref, l.roster.reading
	l.spawn(func(ctx context.Context) message {
		select {
		case l.looks <- struct{}{}:
			defer func() { <-l.looks }()
		case <-ctx.Done():
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		seen, err := l.sup.engine.InspectContainer(ctx, ref)
		return inspected{ref.ID, reading, seen, err}
	})
}

func (m inspected) handle(l *loop) {
	w := l.roster.wards[m.id]
	if w == nil {
		return
	}
	w.looking = false
	switch {
	case errors.Is(m.err, engine.ErrNotFound):
		l.removeWard(w)
		return
	case m.err != nil: // what was seen before stands, and is not acted on
		w.again = false
		w.checkAt = l.now() + lookRetry
		return
	}
	l.applyInspection(w, m.seen, m.reading)
	if w.again {
		w.again = false
		l.look(w)
		return
	}
	w.settling = false
	w.IsStopping = w.acting != restartpolicy.Leave && w.IsStopping
}

// applyInspection takes an inspection over.
func (l *loop) applyInspection(w *ward, seen engine.Inspection, reading int) {
	before := w.seen
	w.ref, w.service, w.seen, w.reading = seen.Ref, seen.Service, seen, reading
	w.edges.StopSignal = seen.StopSignal
	w.edges = w.edges.Look(restartpolicy.RunState(seen.State), seen.StartedAt)
	if !w.known || !before.StartedAt.Equal(seen.StartedAt) {
		w.upSince = l.now()
	}
	if seen.State == engine.Running || seen.State == engine.Restarting {
		w.ended = ""
	}
	l.countRestarts(w, before)
	if seen.State == engine.Running && seen.Health != w.health {
		l.healthChanged(w)
	}
	w.known = true
}

// countRestarts tells of restarts that the engine made by itself.
func (l *loop) countRestarts(w *ward, before engine.Inspection) {
	n := w.seen.RestartCount - before.RestartCount
	if n < 0 { // a deliberate start began a new count
		n = w.seen.RestartCount
	}
	if w.known && n > 0 && l.roster.selected(w.service) {
		l.record(Record{Kind: RecordRestart, Container: w.ref, Service: w.service, Seen: describe(w.seen), Count: n})
	}
}

// healthChanged takes note of another verdict on a running container. Verdicts
// on any other are of the past.
func (l *loop) healthChanged(w *ward) {
	first := !w.known
	w.health = w.seen.Health
	r := Record{Kind: RecordHealth, Container: w.ref, Service: w.service, Seen: describe(w.seen), Health: w.health}
	if w.health == engine.HealthUnhealthy {
		l.breaker = l.breaker.Unhealthy(l.now(), w.ref.ID, l.roster.checked())
		if !w.sick && l.roster.selected(w.service) {
			r.Alert = AlertUnhealthy
			w.alerted(r.Alert)
		}
	} else {
		l.breaker = l.breaker.Healthy(w.ref.ID)
	}
	if first && r.Alert == AlertNone || !l.roster.selected(w.service) {
		return
	}
	l.record(r)
}

// effectiveHealth is the verdict as a list shows it: only of what is up.
func (w *ward) effectiveHealth() engine.Health {
	if w.seen.State != engine.Running && w.seen.State != engine.Paused {
		return engine.HealthNone
	}
	return w.seen.Health
}
