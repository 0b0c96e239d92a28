package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

// look shows a list to those who want one, and reports whether anybody did. What
// was listed before is shown if nothing has happened since that they want to see.
func (f *Feed) look(ctx context.Context) (some bool, err error) {
	f.mu.Lock()
	due, newest := f.due()
	l := list{begun: f.stamp}
	dead := f.dead
	cached := f.last.begun >= newest
	if cached {
		l = f.last
	} else if len(due) > 0 {
		f.dead = map[string]engine.Ref{}
	}
	f.mu.Unlock()
	if len(due) == 0 {
		return false, nil
	}
	ctx, cancel := Limit(ctx)
	defer cancel()
	if cached {
		return true, f.show(ctx, due, l)
	}
	ordered, others := split(due)
	if l.containers, err = f.engine.ListContainers(ctx, engine.ContainerFilter{Project: f.project}); err != nil {
		return false, f.failed(err)
	}
	if err := f.show(ctx, others, l); err != nil {
		return false, err
	}
	late, err := f.markExited(ctx, &l, dead)
	if err != nil {
		return false, f.failed(err)
	}
	if late {
		ordered = due
	}
	if err := f.show(ctx, ordered, l); err != nil {
		return false, err
	}
	f.mu.Lock()
	f.last = l
	f.mu.Unlock()
	f.pause(ctx)
	return true, nil
}

// pause lets a burst of events lead to few looks, unless somebody asks for one
// whatever events tell.
func (f *Feed) pause(ctx context.Context) {
	defer f.wakeUp() // for those whose wake-up it takes
	over := time.After(lookPause)
	for {
		f.mu.Lock()
		hurry := slices.ContainsFunc(f.readers, func(r *Reader) bool { return r.hurry && r.wants > 0 })
		f.mu.Unlock()
		if hurry {
			return
		}
		select {
		case <-f.wake:
		case <-over:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (f *Feed) failed(err error) error { return fmt.Errorf("observe project %s: %w", f.project, err) }

// due are the readers who want a list, and how new the newest must be.
func (f *Feed) due() (due []*Reader, newest uint64) {
	for _, r := range f.readers {
		if r.wants > 0 {
			due = append(due, r)
			newest = max(newest, r.wants)
		}
	}
	return due, newest
}

// split parts those who cannot be shown a list that is then corrected.
func split(due []*Reader) (ordered, others []*Reader) {
	for _, r := range due {
		if r.opt.Ordered {
			ordered = append(ordered, r)
		} else {
			others = append(others, r)
		}
	}
	return ordered, others
}

// show tells the readers of a list. Those who have asked again meanwhile, for
// something newer, wait for that.
func (f *Feed) show(ctx context.Context, to []*Reader, l list) error {
	for _, r := range to {
		seen := slices.Clone(l.containers)
		if r.opt.Keep != nil {
			var err error
			if seen, err = r.opt.Keep(ctx, seen); err != nil {
				return f.failed(err)
			}
		}
		f.mu.Lock()
		r.show(l.begun, seen)
		f.mu.Unlock()
	}
	return nil
}

// markExited corrects a list that still shows containers as running whose end was told
// of already: engines up to 20.10 announce an exit before they list it. They
// answer an inspection when they are done. late reports whether it was needed.
func (f *Feed) markExited(ctx context.Context, l *list, dead map[string]engine.Ref) (late bool, err error) {
	listed := slices.Clone(l.containers) // others read what was shown
	for i, c := range listed {
		d, told := dead[c.ID]
		if !told || !c.Up() {
			continue
		}
		seen, err := f.engine.InspectContainer(ctx, d)
		if errors.Is(err, engine.ErrNotFound) {
			continue // another event tells
		}
		if err != nil {
			return false, err
		}
		c.State, c.Status, c.Health, c.ExitCode = seen.State, seen.Status, seen.Health, seen.ExitCode
		listed[i], late = c, true
	}
	l.containers = listed
	return late, nil
}

// requestAll has every reader begin with a list of a subscription that has just
// been made.
func (f *Feed) requestAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stamp++
	f.last, f.dead = list{}, map[string]engine.Ref{}
	for _, r := range f.readers {
		r.wants = f.stamp
	}
}

// resync has those look who want to without a reason.
func (f *Feed) resync() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stamp++
	for _, r := range f.readers {
		if r.opt.Resync {
			r.wants = f.stamp
		}
	}
}
