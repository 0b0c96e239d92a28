package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// operation is a command that plans and applies: up, down, start and the like.
type operation struct {
	name   string // in the header of the live view
	target target
	// services are those named on the command line, if any were.
	services []string
	plan     planner
	// afterImages plans again once the images of a provisional plan are there.
	afterImages planner
	// afterProviders plans for services for which providers set other variables
	// than those that they were made with.
	afterProviders func(services []string, provided map[string]map[string]string) planner
	// engineHealth leaves readiness to the engine's own health checks.
	engineHealth bool
	// recalls reckons with what earlier commands asked of the engine: what it leaves
	// running goes on running.
	recalls bool
	// after are the calls of earlier commands, by their verbs, that would undo it:
	// it begins when the engine is done with them.
	after []string
	// kept are images that came for one of several platforms of a tag.
	kept map[engine.ImageRef]engine.Image
	// begin is called when it is known what will be done and that it can be,
	// before anything changes; nil does nothing. An operation that starts over
	// calls it again.
	begin func(ctx context.Context, have engine.Observed, plan plan.Plan) error
	// conflicts looks for what would make the plan fail half-way.
	conflicts bool
	// nothing is said if the plan is empty.
	nothing string
}

// planner makes a plan of what is observed.
type planner = func(have engine.Observed) (plan.Plan, error)

// run observes, plans and applies under the project's lock. A dry run prints
// the plan instead.
func (s *session) run(ctx context.Context, op operation) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	if s.global.dryRun {
		_, plan, err := s.planned(ctx, e, op)
		if err != nil {
			return err
		}
		return s.printPlan(plan)
	}
	release, err := s.lock(ctx, e, op)
	if err != nil {
		return err
	}
	defer release()
	for pause := firstPause; ; pause *= 2 {
		err := s.attempt(ctx, e, op)
		if pause > longestPause || !errors.Is(err, engine.ErrStale) {
			return err
		}
		s.printer.Info("calls of an earlier run took effect only now: looking again")
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// The pauses before an operation is begun again on an engine that changed under
// it. Nothing announces the late calls of a run that was killed, so that there
// is nothing to wait for but time.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// attempt observes, plans and applies once.
func (s *session) attempt(ctx context.Context, e engine.Engine, op operation) error {
	have, plan, err := s.planned(ctx, e, op)
	if err != nil {
		return err
	}
	if op.conflicts && plan.Changes() {
		if err := s.preflight(ctx, e, op.target, plan); err != nil {
			return err
		}
	}
	if plan.Empty() && op.nothing != "" {
		s.inform(op.nothing)
	}
	if op.begin != nil {
		if err := op.begin(ctx, have, plan); err != nil {
			return err
		}
	}
	return s.apply(ctx, e, op, plan)
}

// planned is the plan for what is observed now. Its warnings are printed.
func (s *session) planned(ctx context.Context, e engine.Engine, op operation) (engine.Observed, plan.Plan, error) {
	have, err := s.observeAlone(ctx, e, op)
	if err != nil {
		return have, plan.Plan{}, err
	}
	if op.conflicts {
		made, err := op.target.project.Select(op.services...)
		if err != nil {
			return have, plan.Plan{}, err
		}
		if err := s.checkedBy(ctx, e, made); err != nil {
			return have, plan.Plan{}, err
		}
	}
	plan, err := s.plannedFor(have.WithImages(op.kept), op)
	return have, plan, err
}

// checkedBy says what this engine cannot do of the project; it is an error if the
// engine can make no container of a service.
func (s *session) checkedBy(ctx context.Context, e engine.Engine, p *project.Project) error {
	found, err := e.Check(ctx, p)
	if err != nil {
		return err
	}
	var refused []error
	for _, f := range found {
		if f.Refuses {
			refused = append(refused, errors.New(f.String()))
		} else {
			s.warnOnce(f.String())
		}
	}
	return errors.Join(refused...)
}

// warnOfBuilds says what of the builds this engine does otherwise than written.
func (s *session) warnOfBuilds(ctx context.Context, e engine.Engine, p *project.Project) error {
	found, err := e.Check(ctx, p)
	for _, f := range found {
		if !f.Refuses && strings.Contains(f.Text, ".build.") {
			s.warnOnce(f.String())
		}
	}
	return err
}

func (s *session) plannedFor(have engine.Observed, op operation) (plan.Plan, error) {
	p, err := op.plan(have)
	if err != nil {
		return plan.Plan{}, err
	}
	for _, w := range p.Warnings {
		s.warnOnce(w)
	}
	p.Warnings = nil
	return p, nil
}

func (s *session) observe(ctx context.Context, e engine.Engine, op operation) (engine.Observed, error) {
	sight := s.takeSighting(op.target.name)
	settled, err := s.settle(ctx, e, op)
	if err != nil {
		return engine.Observed{}, err
	}
	if sight == nil || settled {
		sight = up.Sight(ctx, e, op.target.name)
		if op.recalls {
			sight.Recall(e)
		}
	}
	var have engine.Observed
	if op.target.project == nil {
		have, err = sight.ObserveProject()
	} else {
		have, err = sight.Observe(ctx, op.target.project)
	}
	if err == nil && op.conflicts && op.target.project != nil {
		have.Content, err = up.ReadContent(ctx, e, op.target.project, have)
	}
	if err != nil || !op.recalls {
		return have, err
	}
	var doubts []string
	have, doubts, err = engine.FindStopping(ctx, e, have, s.askedCalls(e, op).earlier(), e.Identity().Now())
	for _, d := range doubts {
		s.warnOnce(d)
	}
	return have, err
}

// printPlan prints what would be done, and why.
func (s *session) printPlan(p plan.Plan) error {
	text := p.String()
	if p.Empty() {
		text += fmt.Sprintf("nothing to do: %s\n", unchanged(len(p.Unchanged)))
	}
	return ui.PrintText(s.Out, text)
}

func unchanged(n int) string {
	switch n {
	case 0:
		return "no containers are concerned"
	case 1:
		return "1 container is as it should be"
	}
	return fmt.Sprintf("%d containers are as they should be", n)
}

// serviceArgs resolves the services that a command that changes them names. none
// reports that names were given and nothing of that name exists, so that there
// is nothing to do.
func (s *session) serviceArgs(ctx context.Context, t target, args []string) (names []string, none bool, err error) {
	if len(args) == 0 {
		return nil, false, nil
	}
	if t.project != nil {
		names, err = t.project.Match(args...)
		return names, false, err
	}
	e, err := s.engine()
	if err != nil {
		return nil, false, err
	}
	cs, err := engine.ListOurs(ctx, e, t.name, t.project)
	if err != nil {
		return nil, false, err
	}
	if len(cs) == 0 {
		return nil, true, nil // of a project of which nothing is there every service is down
	}
	chosen, err := chooseServices(ctx, s, t, args, cs)
	return chosen.names, chosen.none(), err
}

// seconds is a timeout flag: unset is nil.
func seconds(set bool, n int) *time.Duration {
	if !set {
		return nil
	}
	d := time.Duration(n) * time.Second
	return &d
}
