package stats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// town is an engine in which containers come and go, and which measures what it
// is told to.
type town struct {
	here   []engine.Container
	fails  error // to measure
	away   error // so that nobody can watch
	events chan engine.Event
}

func (w *town) Stats(ctx context.Context, _ engine.Ref, follow bool, emit func(engine.Stats) error) error {
	if err := emit(engine.Stats{PIDs: 1, Memory: 1 << 20}); err != nil || !follow || w.fails != nil {
		return errors.Join(err, w.fails)
	}
	<-ctx.Done()
	return nil
}

func (w *town) Watch(context.Context, string) (engine.EventStream, error) { return w, w.away }

func (w *town) Recall(context.Context, string) ([]engine.Event, error) { return nil, nil }

func (w *town) Next(ctx context.Context) (engine.Event, error) {
	select {
	case ev := <-w.events:
		return ev, nil
	case <-ctx.Done():
		return engine.Event{}, context.Cause(ctx)
	}
}

func (w *town) Close() error { return nil }

func (w *town) ListContainers(context.Context, engine.ContainerFilter) ([]engine.Container, error) {
	return slices.Clone(w.here), nil
}

func (w *town) InspectContainer(context.Context, engine.Ref) (engine.Inspection, error) {
	return engine.Inspection{}, engine.ErrNotFound
}

func (w *town) table(draw func([]ui.Measured) error) Table {
	return Table{Engine: w, Project: "shop", Draw: draw}
}

func running(name string) engine.Container {
	return engine.Container{Ref: engine.Ref{ID: name, Name: name}, State: engine.Running}
}

// TestTableFollowsContainers: the table shows those that are there now, each with
// what was measured of it, and ends with its context; no goroutine is left.
func TestTableFollowsContainers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &town{here: []engine.Container{running("db")}, events: make(chan engine.Event)}
		ctx, cancel := context.WithCancelCause(t.Context())
		var drawn []string
		ended := make(chan error)
		go func() {
			ended <- w.table(func(rows []ui.Measured) error {
				drawn = nil
				for _, r := range rows {
					drawn = append(drawn, fmt.Sprint(r.Name, " ", r.Valid))
				}
				return nil
			}).Show(ctx)
		}()
		synctest.Wait()
		for _, here := range [][]engine.Container{{running("db"), running("web")}, {running("web")}, {}} {
			w.here = here
			w.events <- engine.Event{Action: "start"}
			time.Sleep(2 * redraw) // what was measured meanwhile is drawn
			synctest.Wait()
			var want []string
			for _, c := range here {
				want = append(want, c.Name+" true")
			}
			if !slices.Equal(drawn, want) {
				t.Errorf("the table shows %q, want %q", drawn, want)
			}
		}
		why := errors.New("enough")
		cancel(why)
		if err := <-ended; !errors.Is(err, why) {
			t.Errorf("the table ends with %v", err)
		}
	})
}

// TestTableEndsWithWhatFails: an engine that goes away or cannot measure, and a
// terminal that cannot be written to, end the table.
func TestTableEndsWithWhatFails(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		fails, draws, away error
	}{
		"the engine is away":   {away: broken},
		"it cannot measure":    {fails: broken},
		"it cannot be written": {draws: broken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &town{here: []engine.Container{running("web")}, fails: c.fails, away: c.away, events: make(chan engine.Event)}
				err := w.table(func([]ui.Measured) error { return c.draws }).Show(t.Context())
				if !errors.Is(err, broken) {
					t.Errorf("the table ends with %v", err)
				}
			})
		})
	}
}

// TestOnce: everybody who can be measured is, those that are gone apart.
func TestOnce(t *testing.T) {
	stopped := engine.Container{Ref: engine.Ref{ID: "old", Name: "old"}, State: engine.Exited}
	all := []engine.Container{running("web"), stopped}
	rows, err := Once(t.Context(), &town{}, all)
	if err != nil || len(rows) != 2 || !rows[0].Valid || rows[1].Valid {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err = Once(t.Context(), &town{fails: engine.ErrNotFound}, all); err != nil {
		t.Errorf("one that is gone: %v", err)
	}
	if shown := Shown(slices.Clone(all), false); len(shown) != 1 {
		t.Errorf("%v are shown", shown)
	}
	if shown := Shown(slices.Clone(all), true); len(shown) != 2 || shown[0].Name != "old" {
		t.Errorf("%v are shown of all", shown)
	}
}
