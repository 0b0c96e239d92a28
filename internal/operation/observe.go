package operation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/project"
)

// Observe looks at a project, with or without its files.
func Observe(ctx context.Context, e engine.Lister, name string, want *project.Project) (engine.Observed, error) {
	return observed(ctx, up.StartObserving(ctx, e, name), want)
}

// observed completes what was begun.
func observed(ctx context.Context, begun *up.Observation, want *project.Project) (engine.Observed, error) {
	if want == nil {
		return begun.ObserveProject()
	}
	return begun.Observe(ctx, want)
}

func (a *attempt) observe(ctx context.Context) (engine.Observed, error) {
	begun := a.seen
	a.seen = nil // once looked at, it is of the past
	settled, err := a.awaitPendingCalls(ctx)
	if err != nil {
		return engine.Observed{}, err
	}
	if begun == nil || settled {
		begun = up.StartObserving(ctx, a.Engine, a.op.Project)
		if a.op.Recalls {
			begun.Recall(a.Engine)
		}
	}
	have, err := observed(ctx, begun, a.op.Want)
	if err == nil && a.op.Conflicts && a.op.Want != nil {
		have.Content, err = up.ReadContent(ctx, a.Engine, a.op.Want, have)
	}
	if err != nil || !a.op.Recalls {
		return have, err
	}
	have, doubts, err := engine.FindStopping(ctx, a.Engine, have, a.pendingCalls().earlier(), a.Engine.Identity().Now())
	for _, d := range doubts {
		a.Warn(d)
	}
	return have, err
}

// observeAlone observes the project once no other run is at work on it. The lock
// sees to that, except between runs that do not share its place: in another
// container, on another host. Of these the containers tell that they make.
func (a *attempt) observeAlone(ctx context.Context) (engine.Observed, error) {
	for {
		have, err := a.observe(ctx)
		if err != nil || a.dry {
			return have, err
		}
		i := slices.IndexFunc(have.Unfinished(), a.stillCreating)
		if i < 0 {
			return have, nil
		}
		c := have.Unfinished()[i]
		who := "a run on another host or in another container"
		if pid := maker(c).PID(); pid != 0 {
			who = fmt.Sprintf("pid %d", pid)
		}
		a.Reporter.Info(fmt.Sprintf("waiting for project %s: %s, which does not share this command's lock, is creating %s", a.op.Project, who, c.Name))
		if err := a.waitForOthers(ctx); err != nil {
			return have, err
		}
	}
}

// waitForOthers waits until nobody else makes containers of the project.
func (a *attempt) waitForOthers(ctx context.Context) error {
	return a.op.Feed.Until(ctx, func(o engine.Observed) (bool, error) {
		return !slices.ContainsFunc(o.Unfinished(), a.stillCreating), nil
	})
}

func maker(c engine.Container) lock.Run { return lock.Run(c.Labels[project.LabelOp]) }

const (
	// maxCreation is how long a container may take from its creation to its
	// start: a run that goes on for other reasons is not waited for.
	maxCreation = time.Hour
	// maxUnseenCreation is the same of a successor where nobody can tell whether the run
	// goes on. Other containers of such a run may be those of a create that ended.
	maxUnseenCreation = time.Minute
)

// stillCreating reports whether the run that made the container is still making it, as
// far as can be told. Any other one left it behind.
func (a *attempt) stillCreating(c engine.Container) bool {
	run := maker(c)
	if run.Excludes(a.Held()) {
		return false
	}
	age := time.Since(c.Created).Abs()
	switch run.Life() {
	case lock.Alive:
		return age < maxCreation
	case lock.LifeUnknown:
		_, successor := project.FinalName(c.Name)
		return successor && age < maxUnseenCreation
	}
	return false
}
