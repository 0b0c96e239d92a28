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
	of := Reading{Resync: true}
	if about != nil {
		of.Concerns = func(ev engine.Event) bool { return slices.Contains(about, ev.Container.ID) }
	}
	r := f.Read(of)
	defer r.Close()
	var patience Patience
	for {
		news, err := r.Next(ctx)
		if err != nil {
			return err
		}
		var seen *Snapshot
		for _, n := range news {
			if err := patience.Tried(n); err != nil {
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

// patience is how long an engine may be out of reach.
const patience = 30 * time.Second

// Patience is that of a reader who does not want to wait for an engine for ever.
// The zero value is ready.
type Patience struct{ lost time.Time }

// Tried takes note of what was told. It is an error if the engine has been out of
// reach for too long, or cannot do what is asked of it.
func (p *Patience) Tried(n News) error {
	switch n := n.(type) {
	case Snapshot:
		p.lost = time.Time{}
	case Lost:
		p.lost = time.Now()
	case Unreachable:
		if p.lost.IsZero() {
			p.lost = time.Now()
		}
		if errors.Is(n.Err, engine.ErrUnsupported) || time.Since(p.lost) >= patience {
			return n.Err
		}
	}
	return nil
}
