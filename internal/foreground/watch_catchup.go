package foreground

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/watch"
)

// watchContainers notices containers that are made while files are watched, by a rebuild or
// by another command: they lack what was synced to those before them.
func (r *Watch) watchContainers(ctx context.Context) error {
	f, release := feed.Use(ctx, r.Feed, r.Project.Name, r.Engine)
	defer release()
	reader := f.Read(feed.ReaderOptions{Keep: r.ours, Concerns: func(ev engine.Event) bool { return ev.Action == "start" }})
	defer reader.Close()
	for {
		news, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for _, n := range news {
			switch n := n.(type) {
			case feed.Snapshot:
				r.lookAt(n.Containers)
			case feed.Happened:
				reader.CatchUp()
			case feed.Unreachable:
				if errors.Is(n.Err, engine.ErrUnsupported) {
					return nil
				}
			}
		}
	}
}

func (r *Watch) ours(ctx context.Context, listed []engine.Container) ([]engine.Container, error) {
	return engine.KeepOurs(ctx, r.Engine, listed, r.Project)
}

func (r *Watch) lookAt(containers []engine.Container) {
	r.mu.Lock()
	r.look, r.listed = true, containers
	r.mu.Unlock()
	r.wakeUp()
}

// catchUp brings to containers that were not met yet what differs in them by the
// rules with initial_sync, and what was synced since the start.
func (r *Watch) catchUp(ctx context.Context, all []engine.Container) error {
	if all == nil {
		var err error
		if all, err = engine.ListOurs(ctx, r.Engine, r.Project.Name, r.Project); err != nil {
			return err
		}
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
