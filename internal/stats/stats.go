// Package stats measures what containers use: once, or all the time for a table
// that is kept up to date while containers come and go.
package stats

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/ui"
)

// redraw is how often the table is drawn: engines measure once a second.
const redraw = 500 * time.Millisecond

// Meter is an engine that measures what containers use.
type Meter interface {
	Stats(ctx context.Context, c engine.Ref, follow bool, emit func(engine.Stats) error) error
}

// Measurable reports whether there is something to measure in the container.
func Measurable(c engine.Container) bool {
	return c.State == engine.Running || c.State == engine.Paused
}

// Shown are the containers that a table shows, by service and number: those that
// can be measured, or all.
func Shown(cs []engine.Container, all bool) []engine.Container {
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return !all && !Measurable(c) })
	slices.SortFunc(cs, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return cs
}

// Once measures every container once, all at the same time. A container that is
// gone is no error.
func Once(ctx context.Context, m Meter, cs []engine.Container) ([]ui.Measured, error) {
	b := newBoard(m)
	b.shown = cs
	errs := make([]error, len(cs))
	for i, c := range cs {
		if Measurable(c) {
			b.wg.Go(func() { errs[i] = b.measure(ctx, c, false) })
		}
	}
	b.wg.Wait()
	return b.rows(), errors.Join(errs...)
}

// Source is an engine whose containers come and go, and are measured.
type Source interface {
	Meter
	feed.Source
}

// Table is a table that is kept up to date.
type Table struct {
	Engine  Source
	Project string
	// Keep are those of the project's containers that are shown, in their order.
	Keep func(ctx context.Context, listed []engine.Container) ([]engine.Container, error)
	Draw func([]ui.Measured) error
}

// Show keeps the table up to date until ctx ends, or the engine stays out of reach.
func (t Table) Show(ctx context.Context) error {
	b := newBoard(t.Engine)
	ctx, cancel := context.WithCancel(ctx)
	defer b.wg.Wait()
	defer cancel()
	f := feed.New(ctx, t.Project, t.Engine)
	defer f.Close()
	news := f.Read(feed.ReaderOptions{Keep: t.Keep, Concerns: comesOrGoes, Resync: true})
	var outage feed.OutageTimer
	var ticks <-chan time.Time // from when on there is something to draw
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-ticks:
			if b.lostAny() {
				news.Look()
			}
		case <-news.Ready():
			for _, n := range news.Take() {
				if err := outage.Check(n); err != nil {
					return err
				}
				switch n := n.(type) {
				case feed.Happened:
					news.CatchUp()
				case feed.Snapshot:
					b.follow(ctx, n.Containers)
					ticks = ticker.C
				}
			}
		case err := <-b.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if ticks == nil {
			continue
		}
		if err := t.Draw(b.rows()); err != nil {
			return err
		}
	}
}

// comesOrGoes leaves out what changes no row: signals, verdicts of health checks.
func comesOrGoes(ev engine.Event) bool {
	switch ev.Action {
	case "create", "destroy", "start", "die", "pause", "unpause", "rename":
		return true
	}
	return false
}
