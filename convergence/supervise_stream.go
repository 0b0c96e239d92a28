package convergence

import (
	"context"
	"errors"
	"time"

	"github.com/musterdev/muster/restartpolicy"
)

const (
	// callTimeout bounds reads: an engine that is starting hangs rather than refuses.
	callTimeout = 20 * time.Second
	// goneAfter is how long the first attempt to reconnect may take before the
	// engine, and not just the stream, counts as having been away.
	goneAfter = time.Second
	// reconnectMin and reconnectMax bound the delay between attempts to reconnect.
	reconnectMin = 100 * time.Millisecond
	reconnectMax = 5 * time.Second
)

// connected says that a subscription stands and what was listed after it.
type connected struct {
	stream     EventStream
	containers []Container
	down       bool // the engine was away
}

// unreachable says that an attempt to connect failed; more will follow.
type unreachable struct{ err error }

// lost says that the event stream ended.
type lost struct{ epoch int }

// happened is an event of the engine.
type happened struct{ event Event }

// listed is the answer to a resync.
type listed struct {
	containers []Container
	err        error
}

// looked is the answer to an inspection.
type looked struct {
	id    string
	epoch int
	seen  Inspection
	err   error
}

// connect subscribes and then lists, again and again until it succeeds.
func (l *loop) connect(first bool) {
	began := time.Now()
	l.do(func(ctx context.Context) message {
		down := false
		for delay := reconnectMin; ; delay = min(2*delay, reconnectMax) {
			stream, containers, err := l.subscribe(ctx)
			if err == nil {
				down = down || !first && time.Since(began) > goneAfter
				return connected{stream, containers, down}
			}
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, ErrUnreachable) {
				down = true
			}
			select {
			case l.inbox <- unreachable{err}:
			case <-ctx.Done():
				return nil
			}
			select {
			case <-time.After(restartpolicy.Jitter(delay, l.name, int(delay))):
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// subscribe opens the stream before it lists, so that nothing falls between.
func (l *loop) subscribe(ctx context.Context) (EventStream, []Container, error) {
	stream, err := l.engine.Watch(ctx, l.name)
	if err != nil {
		return nil, nil, err
	}
	listCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	containers, err := l.engine.ListContainers(listCtx, ContainerFilter{Project: l.name})
	if err != nil {
		_ = stream.Close() // the list's error is the one to tell
		return nil, nil, err
	}
	return stream, containers, nil
}

func (m unreachable) handle(l *loop) {
	if l.engineState != restartpolicy.EngineDown {
		l.engineState = restartpolicy.EngineDown
		l.record(Record{Kind: RecordEngine, Err: m.err})
	}
}

func (m connected) handle(l *loop) {
	l.epoch++
	if l.epoch > 1 {
		l.afterGap(m.down)
	}
	if l.engineState == restartpolicy.EngineDown {
		l.record(Record{Kind: RecordEngine, Seen: "answers again"})
	}
	l.engineState = restartpolicy.EngineUp // each container waits for its own inspection
	l.read(m.stream)
	l.reconcile(m.containers, true)
}

// afterGap tells every container's edges what the end of the stream meant.
func (l *loop) afterGap(down bool) {
	ev := restartpolicy.Event{Kind: restartpolicy.GapEvent, At: l.lostAt}
	if down {
		all := make([]restartpolicy.Edges, 0, len(l.wards))
		for _, w := range l.sorted() {
			all = append(all, w.edges)
		}
		ev = restartpolicy.Shutdown(l.lostAt, all)
	}
	for _, w := range l.wards {
		w.edges = w.edges.Observe(ev)
	}
}

// read forwards the events that matter to the loop until the stream ends.
func (l *loop) read(stream EventStream) {
	epoch := l.epoch
	l.do(func(ctx context.Context) message {
		defer stream.Close()
		for {
			ev, err := stream.Next(ctx)
			if err != nil {
				return lost{epoch}
			}
			if !concerns(ev) {
				continue
			}
			select {
			case l.inbox <- happened{ev}:
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// concerns leaves out what would only wake the loop for nothing: the execs of
// health checks come every few seconds from every container.
func concerns(ev Event) bool {
	if restartpolicy.ParseEventKind(ev.Action) != restartpolicy.OtherEvent {
		return true
	}
	switch ev.Action {
	case "create", "rename", "pause", "unpause", "update", "health_status":
		return true
	}
	return false
}

func (m lost) handle(l *loop) {
	if m.epoch != l.epoch {
		return
	}
	l.lostAt = l.now()
	l.engineState = restartpolicy.EngineResync
	l.record(Record{Kind: RecordGap})
	l.connect(false)
}

// handle folds the event into the container's edges and looks at it. The event
// itself decides nothing.
func (m happened) handle(l *loop) {
	ev := m.event
	w := l.wards[ev.Container.ID]
	if w == nil {
		if ev.Action == "destroy" {
			return
		}
		w = l.ward(ev.Container, ev.Service)
	}
	w.edges = w.edges.Observe(restartpolicy.Event{
		Kind: restartpolicy.ParseEventKind(ev.Action), At: l.now(), Time: ev.Time, Signal: ev.Signal,
		Ours: w.acting != restartpolicy.Leave || w.settling,
	})
	switch ev.Action {
	case "destroy":
		l.forget(w)
		return
	case "die":
		l.record(Record{Kind: RecordExit, Container: w.ref, Service: w.service, ExitCode: ev.ExitCode})
	}
	l.look(w)
}

// ward begins to supervise a container.
func (l *loop) ward(ref Ref, service string) *ward {
	w := &ward{ref: ref, service: service}
	l.wards[ref.ID] = w
	return w
}

// forget ends it. A place in the budget is given back by the action's outcome.
func (l *loop) forget(w *ward) {
	delete(l.wards, w.ref.ID)
	l.breaker = l.breaker.Healthy(w.ref.ID)
}

// list reads everything again, for what no event told.
func (l *loop) list() {
	if l.listing || l.engineState != restartpolicy.EngineUp {
		return
	}
	l.listing = true
	l.do(func(ctx context.Context) message {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		containers, err := l.engine.ListContainers(ctx, ContainerFilter{Project: l.name})
		return listed{containers, err}
	})
}

func (m listed) handle(l *loop) {
	l.listing = false
	if m.err == nil {
		l.reconcile(m.containers, false)
	}
}

// reconcile takes a list over: what it lacks is gone, and what differs from what
// was seen, or everything if asked, is inspected.
func (l *loop) reconcile(containers []Container, all bool) {
	present := make(map[string]bool, len(containers))
	for _, c := range containers {
		present[c.ID] = true
		w := l.wards[c.ID]
		if w == nil {
			w = l.ward(c.Ref, c.Service)
		}
		if all || !w.known || w.seen.State != c.State || w.seen.Health != c.Health || w.seen.Name != c.Name || w.settling {
			l.look(w)
		}
	}
	for _, w := range l.sorted() {
		if !present[w.ref.ID] && !w.looking {
			l.forget(w)
		}
	}
}

// look inspects a container; one inspection at a time, and one more if something
// happened meanwhile.
func (l *loop) look(w *ward) {
	if w.looking {
		w.again = true
		return
	}
	w.looking = true
	ref, epoch := w.ref, l.epoch
	l.do(func(ctx context.Context) message {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		seen, err := l.engine.InspectContainer(ctx, ref)
		return looked{ref.ID, epoch, seen, err}
	})
}

func (m looked) handle(l *loop) {
	w := l.wards[m.id]
	if w == nil {
		return
	}
	w.looking = false
	switch {
	case errors.Is(m.err, ErrNotFound):
		l.forget(w)
		return
	case m.err != nil:
		w.again = false // a broken engine ends the stream too, and a resync follows
		return
	}
	l.saw(w, m.seen, m.epoch)
	if w.again {
		w.again = false
		l.look(w)
		return
	}
	w.settling = false
}

// saw takes an inspection over.
func (l *loop) saw(w *ward, seen Inspection, epoch int) {
	before := w.seen
	w.ref, w.service, w.seen, w.epoch = seen.Ref, seen.Service, seen, epoch
	w.edges.StopSignal = seen.StopSignal
	w.edges = w.edges.Look(restartpolicy.Status(seen.State), seen.StartedAt)
	if w.known && before.Health != seen.Health || !w.known && seen.Health == HealthUnhealthy {
		l.healthChanged(w)
	}
	w.known = true
	l.recovered(w)
}

func (l *loop) healthChanged(w *ward) {
	r := Record{Kind: RecordHealth, Container: w.ref, Service: w.service, Seen: describe(w.seen), Health: w.seen.Health}
	if w.seen.Health == HealthUnhealthy && w.seen.State == Running {
		l.breaker = l.breaker.Unhealthy(l.now(), w.ref.ID, l.checked())
		r.Alert = AlertUnhealthy
		w.alerted(r.Alert)
	} else {
		l.breaker = l.breaker.Healthy(w.ref.ID)
	}
	if r.Health != HealthNone {
		l.record(r)
	}
}
