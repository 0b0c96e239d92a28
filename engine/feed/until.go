package feed

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

// Until waits until met says so of what is observed after the call. An error of
// met ends the wait, the end of ctx too, with its cause; so does an engine that
// stays out of reach. met is called by the caller's goroutine only.
func (f *Feed) Until(ctx context.Context, met func(engine.Observed) (bool, error)) error {
	return f.UntilOf(ctx, nil, met)
}

// UntilOf is Until for somebody who cares for certain containers only.
func (f *Feed) UntilOf(ctx context.Context, about []string, met func(engine.Observed) (bool, error)) error {
	opt := ReaderOptions{Resync: true}
	if about != nil {
		opt.Concerns = func(ev engine.Event) bool { return slices.Contains(about, ev.Container.ID) }
	}
	r := f.Read(opt)
	defer r.Close()
	var outage OutageTimer
	for {
		news, err := r.Next(ctx)
		if err != nil {
			return err
		}
		var seen *Snapshot
		for _, n := range news {
			if err := outage.Check(n); err != nil {
				return err
			}
			switch n := n.(type) {
			case Snapshot:
				seen = &n
			case Happened:
				r.CatchUp()
			}
		}
		if seen == nil {
			continue
		}
		if ok, err := met(engine.Observed{Project: f.project, Containers: seen.Containers}); ok || err != nil {
			return err
		}
	}
}

// maxOutage is how long an engine may be out of reach.
const maxOutage = 30 * time.Second

// OutageTimer is for readers who do not want to wait for an engine for ever: it
// knows since when the engine has been out of reach. The zero value is ready.
type OutageTimer struct{ lost time.Time }

// Check takes note of what was told. It is an error if the engine has been out of
// reach for too long, or cannot do what is asked of it.
func (t *OutageTimer) Check(n News) error {
	switch n := n.(type) {
	case Snapshot:
		t.lost = time.Time{}
	case Lost:
		t.lost = time.Now()
	case Unreachable:
		if t.lost.IsZero() {
			t.lost = time.Now()
		}
		if errors.Is(n.Err, engine.ErrUnsupported) || time.Since(t.lost) >= maxOutage {
			return n.Err
		}
	}
	return nil
}
