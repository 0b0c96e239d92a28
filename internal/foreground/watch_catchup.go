package foreground

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/watch"
)

// onlookRetry is how long after the engine's events ended they are asked for again.
const onlookRetry = time.Second

// onlook notices containers that are made while files are watched, by a rebuild or
// by another command: they lack what was synced to those before them.
func (r *Watch) onlook(ctx context.Context) error {
	for {
		stream, err := r.Engine.Watch(ctx, r.Project.Name)
		if err == nil {
			r.lookAgain() // at what happened before the events are told
			for err == nil {
				var ev engine.Event
				if ev, err = stream.Next(ctx); err == nil && ev.Action == "start" {
					r.lookAgain()
				}
			}
			_ = stream.Close() // it has ended
		}
		if errors.Is(err, engine.ErrUnsupported) {
			return nil
		}
		select {
		case <-time.After(onlookRetry):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *Watch) lookAgain() {
	r.mu.Lock()
	r.look = true
	r.mu.Unlock()
	r.awake()
}

// catchUp brings to containers that were not met yet what differs in them by the
// rules with initial_sync, and what was synced since the start.
func (r *Watch) catchUp(ctx context.Context) error {
	all, err := engine.ListOurs(ctx, r.Engine, r.Project.Name, r.Project)
	if err != nil {
		return err
	}
	var errs []error
	for _, service := range r.synced() {
		cs := slices.DeleteFunc(slices.Clone(all), func(c engine.Container) bool {
			return c.Service != service || c.OneOff || r.known[c.ID]
		})
		if len(cs) == 0 {
			continue
		}
		rules := slices.DeleteFunc(slices.Clone(r.Rules), func(rule watch.Rule) bool { return rule.Service != service })
		if err := r.catchUpWith(ctx, cs, rules); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", service, err))
			continue
		}
		for _, c := range cs {
			r.known[c.ID] = true
		}
	}
	return errors.Join(errs...)
}

// synced are the services that files are copied for, sorted.
func (r *Watch) synced() []string {
	var names []string
	for _, rule := range r.Rules {
		if rule.Target != "" {
			names = append(names, rule.Service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// catchUpWith does so for new containers of one service.
func (r *Watch) catchUpWith(ctx context.Context, cs []engine.Container, rules []watch.Rule) error {
	initial := make([][]watch.File, len(rules))
	for i, rule := range rules {
		var err error
		if initial[i], err = watch.Initial(rule); err != nil {
			return err
		}
	}
	return each(cs, func(c engine.Container) error {
		files := maps.Clone(r.changed[c.Service])
		if files == nil {
			files = map[watch.File]bool{}
		}
		for i, rule := range rules {
			outdated, err := watch.Outdated(ctx, r.Engine, c.Ref, rule, initial[i])
			if err != nil {
				return err
			}
			for _, f := range outdated {
				files[f] = true
			}
		}
		if len(files) == 0 {
			return nil
		}
		return watch.Sync(ctx, r.Engine, c.Ref, c.State == engine.Running, slices.SortedFunc(maps.Keys(files), watch.File.Compare))
	})
}
