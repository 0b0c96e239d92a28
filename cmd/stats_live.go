package cmd

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// statsRedraw is how often the table is drawn: engines measure once a second.
const statsRedraw = 500 * time.Millisecond

// liveStats is what a live table is about.
type liveStats struct {
	watch   engine.Watcher
	project string
	list    func(context.Context) ([]engine.Container, error)
	options statsOptions
}

// showStats keeps a table up to date until ctx ends. Events say when to look
// again who is there.
func showStats(ctx context.Context, s *session, board *statsBoard, live liveStats) error {
	ctx, cancel := context.WithCancel(ctx)
	defer board.wg.Wait()
	defer cancel()
	stream, err := live.watch.Watch(ctx, live.project)
	if err != nil {
		return err
	}
	defer stream.Close()
	changed := make(chan error)
	board.wg.Go(func() {
		for err := error(nil); err == nil; {
			_, err = stream.Next(ctx)
			select {
			case changed <- err:
			case <-ctx.Done():
				return
			}
		}
	})
	ticker := time.NewTicker(statsRedraw)
	defer ticker.Stop()
	var frame ui.Frame
	for look := true; ; {
		if look {
			cs, err := live.list(ctx)
			if err != nil {
				return err
			}
			board.follow(ctx, cs)
		}
		columns, rows := s.Terminal.size()
		text, err := live.text(board.rows(), columns)
		if err != nil {
			return err
		}
		if _, err := s.Out.Write(frame.Draw(text, columns, rows)); err != nil {
			return err
		}
		look = false
		select {
		case <-ticker.C:
			look = board.lostAny()
		case err := <-changed:
			if err != nil {
				return err
			}
			look = true
		case err := <-board.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (l liveStats) text(rows []ui.Measured, columns int) (string, error) {
	if format := strings.TrimSpace(l.options.format); format == "" || format == "table" {
		return ui.StatsScreen(rows, l.options.noTrunc, columns)
	}
	var b strings.Builder
	err := ui.StatsTable(rows, l.options.noTrunc).Print(&b, l.options.format)
	return b.String(), err
}

// statsBoard holds the last measurements of containers.
type statsBoard struct {
	meter  meter
	wg     sync.WaitGroup
	failed chan error // has the first error of measuring

	mu    sync.Mutex
	shown []engine.Container
	last  map[string]engine.Stats // by ID
	ends  map[string]context.CancelFunc
	lost  bool // there was nothing to measure
}

func newStatsBoard(m meter) *statsBoard {
	return &statsBoard{
		meter: m, failed: make(chan error, 1),
		last: map[string]engine.Stats{}, ends: map[string]context.CancelFunc{},
	}
}

// once measures every container once, all at the same time. A container that is
// gone is no error.
func (b *statsBoard) once(ctx context.Context, cs []engine.Container) ([]ui.Measured, error) {
	b.shown = cs
	errs := make([]error, len(cs))
	for i, c := range cs {
		if measurable(c) {
			b.wg.Go(func() { errs[i] = b.measure(ctx, c, false) })
		}
	}
	b.wg.Wait()
	return b.rows(), errors.Join(errs...)
}

// follow measures the containers from now on, and no others.
func (b *statsBoard) follow(ctx context.Context, cs []engine.Container) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = cs
	wanted := map[string]bool{}
	for _, c := range cs {
		if !measurable(c) {
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
func (b *statsBoard) lostAny() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.lost
	b.lost = false
	return lost
}

func (b *statsBoard) measure(ctx context.Context, c engine.Container, follow bool) error {
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
func (b *statsBoard) rows() []ui.Measured {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]ui.Measured, len(b.shown))
	for i, c := range b.shown {
		st, known := b.last[c.ID]
		rows[i] = ui.Measured{Container: c, Stats: st, Valid: known}
	}
	return rows
}
