package supervise

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

const (
	// callTimeout bounds reads: an engine that is starting hangs rather than refuses.
	callTimeout = 20 * time.Second
	// goneAfter is how long the first attempt to reconnect may take before the
	// engine, and not just the stream, counts as having been away: one that boots
	// lets calls hang. Fast ones are back within half a second.
	goneAfter = 300 * time.Millisecond
	// reconnectMin and reconnectMax bound the delay between attempts to reconnect.
	reconnectMin = 100 * time.Millisecond
	reconnectMax = 5 * time.Second
	// lookRetry is how long after an inspection that failed the next one follows.
	lookRetry = time.Second
	// maxLooks is how many inspections may be under way at the same time.
	maxLooks = 8
	// inspectAll is every how many resyncs all containers are inspected, and not
	// only those that the list shows to have changed.
	inspectAll = 10
)

// connected says that a subscription stands and what was listed after it.
type connected struct {
	stream     engine.EventStream
	containers []engine.Container
	down       bool // the engine was away
}

// unreachable says that an attempt to connect failed; more will follow.
type unreachable struct{ err error }

// lost says that the event stream ended.
type lost struct{ epoch int }

// happened is an event of the engine.
type happened struct {
	event engine.Event
	sure  bool // the event itself says that the container is the project's
}

// listed is the answer to a resync.
type listed struct {
	containers []engine.Container
	err        error
}

// looked is the answer to an inspection.
type looked struct {
	id      string
	reading int
	seen    engine.Inspection
	err     error
}

// connect subscribes and then lists, again and again until it succeeds.
func (l *loop) connect(first bool) {
	began, want := time.Now(), l.want
	l.do(func(ctx context.Context) message {
		down := false
		for delay := reconnectMin; ; delay = min(2*delay, reconnectMax) {
			stream, containers, err := l.subscribe(ctx, want)
			if err == nil {
				down = down || !first && time.Since(began) > goneAfter
				return connected{stream, containers, down}
			}
			if ctx.Err() != nil {
				return nil
			}
			down = true // one that is going down refuses in many words
			l.inbox.put(unreachable{err})
			if errors.Is(err, engine.ErrUnsupported) {
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
func (l *loop) subscribe(ctx context.Context, want *project.Project) (engine.EventStream, []engine.Container, error) {
	stream, err := l.engine.Watch(ctx, l.name)
	if err != nil {
		return nil, nil, err
	}
	listCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	containers, err := engine.ListOurs(listCtx, l.engine, l.name, want)
	if err != nil {
		_ = stream.Close() // the list's error is the one to tell
		return nil, nil, err
	}
	return stream, containers, nil
}

func (m unreachable) handle(l *loop) {
	if errors.Is(m.err, engine.ErrUnsupported) {
		l.lacking = m.err
		return
	}
	if l.engineState != restartpolicy.EngineDown {
		l.engineState = restartpolicy.EngineDown
		l.record(Record{Kind: RecordEngine, Err: m.err})
	}
}

func (m connected) handle(l *loop) {
	l.epoch++
	l.reading++
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
		ev = restartpolicy.Shutdown(l.lostAt, l.now(), all)
	}
	for _, w := range l.wards {
		w.edges = w.edges.Observe(ev)
	}
}

// read forwards the events that matter to the loop until the stream ends.
func (l *loop) read(stream engine.EventStream) {
	epoch, want := l.epoch, l.want
	l.do(func(ctx context.Context) message {
		defer stream.Close()
		for {
			ev, err := stream.Next(ctx)
			if err != nil {
				return lost{epoch}
			}
			c := engine.ContainerOf(ev, want.Name)
			if !concerns(ev) || c.OneOff || !engine.Managed(c) {
				continue
			}
			ev.Attributes = nil
			l.inbox.put(happened{ev, engine.Vouched(c, want)})
		}
	})
}

// concerns leaves out what would only wake the loop for nothing: the execs of
// health checks come every few seconds from every container.
func concerns(ev engine.Event) bool {
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
		if !m.sure { // a list tells
			l.list()
			return
		}
		w = l.ward(ev.Container, ev.Service)
	}
	if !w.knows(ev) {
		w.edges = w.edges.Observe(restartpolicy.Event{
			Kind: restartpolicy.ParseEventKind(ev.Action), At: l.now(), Time: ev.Time, Signal: ev.Signal,
			Ours: w.IsStopping,
		})
	}
	switch ev.Action {
	case "destroy":
		l.forget(w)
		return
	case "die":
		if l.selected(ev.Service) {
			l.record(Record{Kind: RecordExit, Container: w.ref, Service: w.service, ExitCode: ev.ExitCode})
		}
	}
	l.look(w)
}

// stoppedByUser is what Stopped was told.
type stoppedByUser struct{ services []string }

// handle takes it for the stop that the engine does not tell of. Containers that
// run are about to be stopped: the engine tells of that, or they run on.
func (m stoppedByUser) handle(l *loop) {
	for _, w := range l.sorted() {
		down := w.known && (w.seen.State == engine.Exited || w.seen.State == engine.Dead)
		if !down || len(m.services) > 0 && !slices.Contains(m.services, w.service) {
			continue
		}
		w.edges = w.edges.Observe(restartpolicy.Event{Kind: restartpolicy.StopEvent, At: l.now()})
		l.look(w)
	}
}

// knows reports whether the event tells of a stop of ours that is accounted for.
func (w *ward) knows(ev engine.Event) bool {
	return (ev.Action == "kill" || ev.Action == "die" || ev.Action == "stop") && !ev.Time.After(w.ourStop)
}

// ward begins to supervise a container.
func (l *loop) ward(ref engine.Ref, service string) *ward {
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
	want := l.want
	l.do(func(ctx context.Context) message {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		containers, err := engine.ListOurs(ctx, l.engine, l.name, want)
		return listed{containers, err}
	})
}

// everything reads everything again; nothing is decided about a container, or
// about what needs it, before that.
func (l *loop) everything() {
	l.reading++
	for _, w := range l.sorted() {
		l.look(w)
	}
	l.list()
}

func (m listed) handle(l *loop) {
	l.listing = false
	if m.err == nil {
		l.reconcile(m.containers, l.resyncs%inspectAll == 0)
	}
}

// reconcile takes a list over and inspects what differs from what was seen, or
// everything if asked. What the list lacks is inspected too, and forgotten if
// the engine does not know it: it may have been made since the list was.
func (l *loop) reconcile(containers []engine.Container, all bool) {
	present := make(map[string]bool, len(containers))
	for _, c := range containers {
		present[c.ID] = true
		if c.OneOff {
			continue
		}
		w := l.wards[c.ID]
		if w == nil {
			w = l.ward(c.Ref, c.Service)
		}
		if all || !w.known || w.seen.State != c.State || w.effectiveHealth() != c.Health || w.seen.Name != c.Name || w.settling || l.isParent(w) {
			l.look(w)
		}
	}
	for _, w := range l.sorted() {
		if !present[w.ref.ID] {
			l.look(w)
		}
	}
}

// isParent reports whether others live in the container's namespaces, so that a
// restart of it that no event told of would leave them cut off.
func (l *loop) isParent(w *ward) bool {
	return slices.ContainsFunc(l.want.Services, func(s *project.Service) bool {
		return slices.ContainsFunc(s.Namespaces, func(r project.NamespaceRef) bool { return r.Service == w.service && r.Attribute != volumesFrom })
	})
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
	ref, reading := w.ref, l.reading
	l.do(func(ctx context.Context) message {
		select {
		case l.looks <- struct{}{}:
			defer func() { <-l.looks }()
		case <-ctx.Done():
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		seen, err := l.engine.InspectContainer(ctx, ref)
		return looked{ref.ID, reading, seen, err}
	})
}

func (m looked) handle(l *loop) {
	w := l.wards[m.id]
	if w == nil {
		return
	}
	w.looking = false
	switch {
	case errors.Is(m.err, engine.ErrNotFound):
		l.forget(w)
		return
	case m.err != nil: // what was seen before stands, and is not acted on
		w.again = false
		w.checkAt = l.now() + lookRetry
		return
	}
	l.saw(w, m.seen, m.reading)
	if w.again {
		w.again = false
		l.look(w)
		return
	}
	w.settling = false
	w.IsStopping = w.acting != restartpolicy.Leave && w.IsStopping
}

// saw takes an inspection over.
func (l *loop) saw(w *ward, seen engine.Inspection, reading int) {
	before := w.seen
	w.ref, w.service, w.seen, w.reading = seen.Ref, seen.Service, seen, reading
	w.edges.StopSignal = seen.StopSignal
	w.edges = w.edges.Look(restartpolicy.Status(seen.State), seen.StartedAt)
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
	if w.known && n > 0 && l.selected(w.service) {
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
		l.breaker = l.breaker.Unhealthy(l.now(), w.ref.ID, l.checked())
		if !w.sick && l.selected(w.service) {
			r.Alert = AlertUnhealthy
			w.alerted(r.Alert)
		}
	} else {
		l.breaker = l.breaker.Healthy(w.ref.ID)
	}
	if first && r.Alert == AlertNone || !l.selected(w.service) {
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
