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

// Table is a table that is kept up to date.
type Table struct {
	Meter   Meter
	Watcher engine.Watcher // its events say when to look again who is there
	Project string
	List    func(context.Context) ([]engine.Container, error)
	Draw    func([]ui.Measured) error
}

// Show keeps the table up to date until ctx ends.
func (t Table) Show(ctx context.Context) error {
	b := newBoard(t.Meter)
	ctx, cancel := context.WithCancel(ctx)
	defer b.wg.Wait()
	defer cancel()
	stream, err := t.Watcher.Watch(ctx, t.Project)
	if err != nil {
		return err
	}
	defer stream.Close()
	changed := make(chan error)
	b.wg.Go(func() {
		for err := error(nil); err == nil; {
			_, err = stream.Next(ctx)
			select {
			case changed <- err:
			case <-ctx.Done():
				return
			}
		}
	})
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for look := true; ; {
		if look {
			cs, err := t.List(ctx)
			if err != nil {
				return err
			}
			b.follow(ctx, cs)
		}
		if err := t.Draw(b.rows()); err != nil {
			return err
		}
		look = false
		select {
		case <-ticker.C:
			look = b.lostAny()
		case err := <-changed:
			if err != nil {
				return err
			}
			look = true
		case err := <-b.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
