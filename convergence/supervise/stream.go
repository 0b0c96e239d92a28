package supervise

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/restartpolicy"
)

const (
	// goneAfter is how long it may take to reconnect before the engine, and not just
	// the stream, counts as having been away: one that boots lets calls hang. Fast
	// ones are back within half of it.
	goneAfter = 300 * time.Millisecond
	// inspectAll is every how many resyncs all containers are inspected, and not
	// only those that the list shows to have changed.
	inspectAll = 10
)

// read begins to read the project's feed, its own if nobody shares one.
func (l *loop) read(ctx context.Context) (release func()) {
	f, end := feed.Use(ctx, l.sup.opt.Feed, l.name, l.sup.engine)
	l.news = f.Read(feed.ReaderOptions{Keep: l.ours, Concerns: l.concerns})
	return func() {
		l.news.Close()
		end()
	}
}

// ours is for the feed, which asks beside the loop.
func (l *loop) ours(ctx context.Context, listed []engine.Container) ([]engine.Container, error) {
	return engine.KeepOurs(ctx, l.sup.engine, listed, l.model.Load())
}

// handleNews does what the feed's news ask for. It is an error if there will be none.
func (l *loop) handleNews(n feed.News) error {
	switch n := n.(type) {
	case feed.Unreachable:
		return l.unreachable(n.Err)
	case feed.Lost:
		l.lost()
	case feed.Happened:
		l.happened(n.Event)
	case feed.Snapshot:
		if n.First {
			l.connected(n.Containers)
		} else {
			l.listed(n.Containers)
		}
	}
	return nil
}

// unreachable takes note that the engine could not be asked; the feed goes on to
// try. While events are told it is only a list that is late.
func (l *loop) unreachable(err error) error {
	switch {
	case errors.Is(err, engine.ErrUnsupported): // there is nothing to supervise by
		return err
	case l.engineState == restartpolicy.EngineResync: // one that is going down refuses in many words
		l.engineState = restartpolicy.EngineDown
		l.record(Record{Kind: RecordEngine, Err: err})
	}
	return nil
}

func (l *loop) lost() {
	l.lostAt = l.now()
	l.engineState = restartpolicy.EngineResync
	l.record(Record{Kind: RecordGap})
}

// connected takes over what was listed once a subscription stood.
func (l *loop) connected(containers []engine.Container) {
	down := l.engineState == restartpolicy.EngineDown
	l.roster.reading++
	l.listing, l.relist = false, false
	if l.reconnects {
		l.afterGap(down || l.now()-l.lostAt > goneAfter)
	}
	if down {
		l.record(Record{Kind: RecordEngine, Seen: "answers again"})
	}
	l.reconnects = true
	l.engineState = restartpolicy.EngineUp // each container waits for its own inspection
	l.reconcile(containers, true)
}

// afterGap tells every container's edges what the end of the stream meant.
func (l *loop) afterGap(down bool) {
	ev := restartpolicy.StreamEvent{Kind: restartpolicy.GapEvent, At: l.lostAt}
	if down {
		all := make([]restartpolicy.Edges, 0, len(l.roster.wards))
		for _, w := range l.roster.sorted() {
			all = append(all, w.edges)
		}
		ev = restartpolicy.Shutdown(l.lostAt, l.now(), all)
	}
	for _, w := range l.roster.wards {
		w.edges = w.edges.Observe(ev)
	}
}

// concerns leaves out what would only wake the loop for nothing: the execs of
// health checks come every few seconds from every container.
func (l *loop) concerns(ev engine.Event) bool {
	if restartpolicy.ParseEventKind(ev.Action) == restartpolicy.OtherEvent {
		switch ev.Action {
		case "create", "rename", "pause", "unpause", "update", "health_status":
		default:
			return false
		}
	}
	c := engine.ContainerOf(ev, l.name)
	return !c.OneOff && engine.Managed(c)
}

// happened folds an event into the container's edges and looks at it. The event
// itself decides nothing.
func (l *loop) happened(ev engine.Event) {
	w := l.roster.wards[ev.Container.ID]
	if w == nil {
		if ev.Action == "destroy" {
			return
		}
		if !engine.Vouched(engine.ContainerOf(ev, l.name), l.roster.want) { // a list tells
			l.list()
			return
		}
		w = l.addWard(ev.Container, ev.Service)
	}
	if !w.causedByUs(ev) {
		w.edges = w.edges.Observe(restartpolicy.StreamEvent{
			Kind: restartpolicy.ParseEventKind(ev.Action), At: l.now(), Time: ev.Time, Signal: ev.Signal,
			Ours: w.IsStopping,
		})
	}
	switch ev.Action {
	case "destroy":
		l.removeWard(w)
		return
	case "die":
		if l.roster.selected(ev.Service) {
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
	for _, w := range l.roster.sorted() {
		down := w.known && (w.seen.State == engine.Exited || w.seen.State == engine.Dead)
		if !down || len(m.services) > 0 && !slices.Contains(m.services, w.service) {
			continue
		}
		w.edges = w.edges.Observe(restartpolicy.StreamEvent{Kind: restartpolicy.StopEvent, At: l.now()})
		l.look(w)
	}
}

// causedByUs reports whether the event tells of a stop of ours that is accounted for.
func (w *ward) causedByUs(ev engine.Event) bool {
	return (ev.Action == "kill" || ev.Action == "die" || ev.Action == "stop") && !ev.Time.After(w.ourStop)
}

// addWard begins to supervise a container.
func (l *loop) addWard(ref engine.Ref, service string) *ward {
	w := &ward{ref: ref, service: service}
	l.roster.wards[ref.ID] = w
	return w
}

// removeWard ends it. A place in the budget is given back by the action's outcome.
func (l *loop) removeWard(w *ward) {
	delete(l.roster.wards, w.ref.ID)
	l.breaker = l.breaker.Healthy(w.ref.ID)
}

// list reads everything again, for what no event told; once more if somebody asks
// meanwhile.
func (l *loop) list() {
	switch {
	case l.engineState != restartpolicy.EngineUp:
	case l.listing:
		l.relist = true
	default:
		l.listing = true
		l.news.Look()
	}
}

// rereadAll reads everything again; nothing is decided about a container, or
// about what needs it, before that.
func (l *loop) rereadAll() {
	l.roster.reading++
	for _, w := range l.roster.sorted() {
		l.look(w)
	}
	l.list()
}

func (l *loop) listed(containers []engine.Container) {
	l.listing = false
	l.reconcile(containers, l.resyncs%inspectAll == 0)
	if l.relist {
		l.relist = false
		l.list()
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
		w := l.roster.wards[c.ID]
		if w == nil {
			w = l.addWard(c.Ref, c.Service)
		}
		if all || !w.known || w.seen.State != c.State || w.effectiveHealth() != c.Health || w.seen.Name != c.Name || w.settling || l.roster.isParent(w) {
			l.look(w)
		}
	}
	for _, w := range l.roster.sorted() {
		if !present[w.ref.ID] {
			l.look(w)
		}
	}
}
