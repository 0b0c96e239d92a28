package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/musterdev/muster/engine"
)

// containersOf are the service's containers for which keep holds: replicas by
// number, then one-offs.
func containersOf(ctx context.Context, e engine.Engine, t target, service string, keep func(engine.Container) bool) ([]engine.Container, error) {
	cs, err := engine.ListOurs(ctx, e, t.name, t.project)
	if err != nil {
		return nil, err
	}
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return c.Service != service || !keep(c) })
	slices.SortFunc(cs, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(oneOffRank(a), oneOffRank(b)), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return cs, nil
}

func oneOffRank(c engine.Container) int {
	if c.OneOff {
		return 1
	}
	return 0
}

// pickRunning is the running container that exec, attach and the like mean: the
// one with the index, or else the first.
func pickRunning(ctx context.Context, e engine.Engine, t target, service string, index int) (engine.Container, error) {
	cs, err := containersOf(ctx, e, t, service, func(c engine.Container) bool {
		return c.State == engine.Running && (index == 0 || c.Number == index)
	})
	switch {
	case err != nil:
		return engine.Container{}, err
	case len(cs) > 0:
		return cs[0], nil
	case index > 0:
		return engine.Container{}, fmt.Errorf("service %q is not running container #%d", service, index)
	}
	return engine.Container{}, fmt.Errorf("service %q is not running", service)
}

// pickAny is the container, in whatever state, that commit and export mean, which
// know no more than the project's name; and the engine that has it.
func pickAny(ctx context.Context, s *setup, service string, index int) (engine.Engine, engine.Container, error) {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return nil, engine.Container{}, err
	}
	e, err := s.engine()
	if err != nil {
		return nil, engine.Container{}, err
	}
	cs, err := containersOf(ctx, e, target{name: name}, service, func(c engine.Container) bool { return index == 0 || c.Number == index })
	switch {
	case err != nil:
		return nil, engine.Container{}, err
	case len(cs) > 0:
		return e, cs[0], nil
	case index > 0:
		return nil, engine.Container{}, fmt.Errorf("service %q has no container #%d", service, index)
	}
	return nil, engine.Container{}, fmt.Errorf("no container found for service %q", service)
}
