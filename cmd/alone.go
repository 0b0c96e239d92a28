package cmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/engine/feed"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/project"
)

// observeAlone observes the project once no other run is at work on it. The lock
// sees to that, except between runs that do not share its place: in another
// container, on another host. Of these the containers tell that they make.
func (s *session) observeAlone(ctx context.Context, e engine.Engine, op operation) (engine.Observed, error) {
	for {
		have, err := s.observe(ctx, e, op)
		if err != nil || s.global.dryRun {
			return have, err
		}
		i := slices.IndexFunc(have.Unfinished(), s.atWorkOn)
		if i < 0 {
			return have, nil
		}
		c := have.Unfinished()[i]
		who := "a run on another host or in another container"
		if pid := maker(c).PID(); pid != 0 {
			who = fmt.Sprintf("pid %d", pid)
		}
		s.printer.Info(fmt.Sprintf("waiting for project %s: %s, which does not share this run's lock, is making %s", op.target.name, who, c.Name))
		if err := s.untilDone(ctx, e, op.target.name); err != nil {
			return have, err
		}
	}
}

// untilDone waits until nobody else makes containers of the project.
func (s *session) untilDone(ctx context.Context, e engine.Engine, name string) error {
	tracker := feed.Track(ctx, name, e, e)
	defer tracker.Close()
	return tracker.Until(ctx, func(o engine.Observed) (bool, error) {
		return !slices.ContainsFunc(o.Unfinished(), s.atWorkOn), nil
	})
}

func maker(c engine.Container) lock.Run { return lock.Run(c.Labels[project.LabelOp]) }

const (
	// longestMaking is how long a container may take from its creation to its
	// start: a run that goes on for other reasons is not waited for.
	longestMaking = time.Hour
	// unseenMaking is the same of a successor where nobody can tell whether the run
	// goes on. Other containers of such a run may be those of a create that ended.
	unseenMaking = time.Minute
)

// atWorkOn reports whether the run that made the container is still making it, as
// far as can be told. Any other one left it behind.
func (s *session) atWorkOn(c engine.Container) bool {
	run := maker(c)
	if run.Excludes(s.held.Load()) {
		return false
	}
	age := time.Since(c.Created).Abs()
	switch run.Life() {
	case lock.Alive:
		return age < longestMaking
	case lock.LifeUnknown:
		_, successor := project.FinalName(c.Name)
		return successor && age < unseenMaking
	}
	return false
}
