package cmd

import (
	"context"
	"slices"

	"github.com/musterdev/muster/engine"
)

// view is what a command sees that shows containers: the project's, on its engine,
// and which services it is about.
type view struct {
	target     target
	engine     engine.Engine
	containers []engine.Container
	chosen     choice
}

// viewOf is what there is of the project of the given files, or of that name: all of
// its containers.
func viewOf(ctx context.Context, s *setup, patterns []string) (view, error) {
	t, err := s.fileOrName(ctx, patterns)
	if err != nil {
		return view{}, err
	}
	return look(ctx, s, t, patterns)
}

// viewNamed is the same for commands that need no more than the project's name: of
// the containers it has those of the chosen services alone.
func viewNamed(ctx context.Context, s *setup, patterns []string) (view, error) {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return view{}, err
	}
	v, err := look(ctx, s, target{name: name}, patterns)
	v.containers = slices.DeleteFunc(v.containers, func(c engine.Container) bool { return !v.chosen.has(c.Service) })
	return v, err
}

func look(ctx context.Context, s *setup, t target, patterns []string) (view, error) {
	e, err := s.engine()
	if err != nil {
		return view{}, err
	}
	cs, chosen, err := listChosen(ctx, s.finder, e, t, patterns)
	return view{t, e, cs, chosen}, err
}
