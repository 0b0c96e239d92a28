package output

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/project"
)

// maxReads is how many logs are read at the same time.
const maxReads = 12

func (f *follower) ours(ctx context.Context, listed []engine.Container) ([]engine.Container, error) {
	return engine.KeepOurs(ctx, f.engine, listed, f.opt.Want)
}

func (f *follower) selects(c engine.Container) bool { return f.opt.Select == nil || f.opt.Select(c) }

func (f *follower) awaits(c engine.Container) bool { return f.opt.Awaits == nil || f.opt.Awaits(c) }

// allDone reports whether nobody speaks any more, nor will by himself. To know, it
// asks for a list if something has happened since the last.
func (f *follower) allDone(ctx context.Context) (over, known bool) {
	if f.keptOpen {
		return false, true
	}
	for _, s := range f.known {
		if f.awaits(s.Container) && s.last.open() && !s.last.early {
			return false, true
		}
	}
	if !f.fresh {
		f.ask()
		return false, false
	}
	for _, c := range f.listed {
		_, successor := project.FinalName(c.Name)
		if f.selects(c) && f.awaits(c) && (c.Up() || successor && c.State == engine.Created) {
			return false, true // its start is still to be heard of
		}
	}
	for _, c := range f.listed { // which may need an inspection
		if f.selects(c) && c.State == engine.Exited && f.missedRun(ctx, c) {
			return false, true
		}
	}
	return true, true
}

// ask asks for a list of things as they are, unless one is on its way.
func (f *follower) ask() {
	switch {
	case f.asked:
		return
	case f.doubt:
		f.news.Look()
	default:
		f.news.CatchUp()
	}
	f.asked, f.doubt = true, false
}

// expected reports whether the list shows already what the event tells of.
func (f *follower) expected(ev engine.Event) bool {
	switch ev.Action {
	case "kill", "die", "stop", "oom":
		return f.fresh && slices.ContainsFunc(f.listed, func(c engine.Container) bool { return c.ID == ev.Container.ID && !c.Up() })
	}
	return false
}

// missedRun reports whether a container that is down ran and ended since Follow
// began, and the events of that are still to come: its output is yet to be read.
func (f *follower) missedRun(ctx context.Context, c engine.Container) bool {
	s := f.known[c.ID]
	switch {
	case s == nil:
		return true
	case s.last != nil:
		return false
	case !s.old:
		return true
	case s.ran.IsZero() || !f.awaits(c):
		return false
	}
	limited, cancel := feed.Limit(ctx)
	defer cancel()
	seen, err := f.engine.InspectContainer(limited, c.Ref)
	return err == nil && !seen.StartedAt.Equal(s.ran) // of an engine that does not answer the feed tells
}

// look begins to follow who is up and not followed.
func (f *follower) look(ctx context.Context, cs []engine.Container) {
	before := f.before(ctx, cs)
	for _, c := range cs {
		if !f.selects(c) {
			continue
		}
		s := f.known[c.ID]
		if s == nil {
			s = f.track(c)
			s.old, s.upTo, s.ran = !f.begun, before[c.ID].upTo, before[c.ID].ran
			f.followFirst(ctx, s)
			continue
		}
		switch {
		case c.Up() && !s.last.open():
			f.followRun(ctx, s, f.restarted)
		case !c.Up() && s.last.open() && !s.last.early: // its exit was missed
			s.last.exited(c.ExitCode)
			f.stopped = true // as far as anybody knows
		}
	}
}

// lastRun is the last run of a container that is down when Follow begins: when it
// began, and from when on what is logged is of the next one. Engines write the last
// words of a run down after its end: no time that an inspection tells parts the two.
type lastRun struct{ ran, upTo time.Time }

func (f *follower) before(ctx context.Context, cs []engine.Container) map[string]lastRun {
	all := map[string]lastRun{}
	if f.begun || f.opt.Past != nil {
		return all
	}
	limited, cancel := feed.Limit(ctx)
	defer cancel()
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(maxReads)
	for _, c := range cs {
		if !f.selects(c) || c.State != engine.Exited {
			continue
		}
		g.Go(func() error {
			p := f.findLastRun(limited, c)
			mu.Lock()
			defer mu.Unlock()
			all[c.ID] = p
			return nil
		})
	}
	_ = g.Wait()
	return all
}

// findLastRun asks for it. What cannot be read now will say so when it is followed.
func (f *follower) findLastRun(ctx context.Context, c engine.Container) lastRun {
	var p lastRun
	if f.awaits(c) {
		if seen, err := f.engine.InspectContainer(ctx, c.Ref); err == nil {
			p.ran = seen.StartedAt
		}
	}
	if f.unlogged(c) {
		return p
	}
	_ = f.engine.Logs(ctx, c.Ref, engine.LogOptions{Tail: 1, Timestamps: true}, func(l engine.LogLine) error {
		if !l.Time.IsZero() {
			p.upTo = l.Time.Add(1)
		}
		return nil
	})
	return p
}

// handleEvent does what an event asks for. An event alone does not always tell whether
// the container is the project's: then a look does.
func (f *follower) handleEvent(ctx context.Context, ev engine.Event) {
	s := f.known[ev.Container.ID]
	if s == nil {
		c := engine.ContainerOf(ev, f.opt.Project)
		if !engine.Managed(c) || !f.selects(c) {
			return
		}
		if !engine.Vouched(c, f.opt.Want) {
			if ev.Action != "start" {
				return
			}
			f.unsure = true
			f.ask()
			return
		}
		s = f.track(c)
	}
	switch ev.Action {
	case "create":
		if f.unlogged(s.Container) && s.last == nil {
			f.attachEarly(ctx, s, false)
		}
	case "kill":
		f.stopped = true
	case "start":
		f.stopped = false
		if s.last.open() && !s.last.died { // attached to before, or seen in a list
			s.last.early = false
			return
		}
		f.followRun(ctx, s, f.restarted)
	case "die":
		if s.last == nil && !s.old { // it had ended before a look showed it
			f.followRun(ctx, s, f.restarted)
		}
		if s.last != nil {
			s.last.exited(ev.ExitCode)
		}
	case "destroy":
		if s.last.open() && s.last.early {
			s.last.exited(neverRan)
		}
	}
}
