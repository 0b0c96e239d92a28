package stats

import (
	"context"
	"errors"
	"sync"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// board holds the last measurements of containers.
type board struct {
	meter  Meter
	wg     sync.WaitGroup
	failed chan error // has the first error of measuring

	mu    sync.Mutex
	shown []engine.Container
	last  map[string]engine.Stats // by ID
	ends  map[string]context.CancelFunc
	lost  bool // there was nothing to measure
}

func newBoard(m Meter) *board {
	return &board{
		meter: m, failed: make(chan error, 1),
		last: map[string]engine.Stats{}, ends: map[string]context.CancelFunc{},
	}
}

// follow measures the containers from now on, and no others.
func (b *board) follow(ctx context.Context, cs []engine.Container) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = cs
	wanted := map[string]bool{}
	for _, c := range cs {
		if !Measurable(c) {
			continue
		}
		wanted[c.ID] = true
		if b.ends[c.ID] != nil {
			continue
		}
		measuring, end := context.WithCancel(ctx)
		b.ends[c.ID] = end
		b.wg.Go(func() {
			err := b.measure(measuring, c, true)
			b.mu.Lock()
			defer b.mu.Unlock()
			if measuring.Err() != nil {
				return // it was ended from here
			}
			end()
			delete(b.ends, c.ID)
			b.lost = true
			if err != nil {
				select {
				case b.failed <- err:
				default:
				}
			}
		})
	}
	for id, end := range b.ends {
		if !wanted[id] {
			end()
			delete(b.ends, id)
			delete(b.last, id)
		}
	}
}

// lostAny reports whether somebody could not be measured since it was asked last:
// he stopped, and may run again.
func (b *board) lostAny() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.lost
	b.lost = false
	return lost
}

func (b *board) measure(ctx context.Context, c engine.Container, follow bool) error {
	err := b.meter.Stats(ctx, c.Ref, follow, func(st engine.Stats) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch {
		case ctx.Err() != nil:
		case st.PIDs == 0 && st.Memory == 0:
			b.lost = true // it stopped, which lists may not show yet
		default:
			b.last[c.ID] = st
		}
		return nil
	})
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}

// rows are the containers in their order, with what was measured of them last.
func (b *board) rows() []ui.Measured {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]ui.Measured, len(b.shown))
	for i, c := range b.shown {
		st, known := b.last[c.ID]
		rows[i] = ui.Measured{Container: c, Stats: st, Valid: known}
	}
	return rows
}
