package foreground

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
)

// How far stopping is.
const (
	gracefully = 1 + iota
	byForce
	leftAlone // as it is
)

// stopper stops the services that up is attached to.
type stopper struct {
	Parts
	services []string

	how     int        // zero is not at all
	pending int        // stops that have not reported yet
	stopped chan error // reports of their ends
	cancel  context.CancelCauseFunc
}

func newStopper(parts Parts, services []string) *stopper {
	return &stopper{Parts: parts, services: services, stopped: make(chan error, 2), cancel: func(error) {}}
}

var errForced = errors.New("stopped by force instead")

// stop begins to stop the services once the others have ended, or to kill them,
// instead of what it began before. If nothing was begun nothing is stopped.
func (s *stopper) stop(ctx context.Context, how int, begun func() bool, others []<-chan struct{}) {
	s.how = how
	s.pending++
	s.cancel(errForced)
	ctx, s.cancel = context.WithCancelCause(ctx)
	go func() { s.stopped <- s.halt(ctx, how, begun, others) }()
}

// maxStops is how often those who run are stopped: more than once only if
// somebody else starts them.
const maxStops = 3

// halt stops or kills the services once what was told to end has ended. By force
// it does not wait to begin with, so that the others have less to wait for.
func (s *stopper) halt(ctx context.Context, how int, begun func() bool, others []<-chan struct{}) error {
	if how == byForce && begun() {
		if err := s.killAll(ctx); err != nil {
			return err
		}
	}
	for _, end := range others {
		select {
		case <-end:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if !begun() {
		return nil // and nothing is to be stopped for that
	}
	for range maxStops {
		stop := s.stopAll
		if how == byForce {
			stop = s.killAll
		}
		if err := stop(ctx); err != nil {
			return err
		}
		if up, err := s.stillUp(ctx); err != nil || len(up) == 0 {
			return err
		}
	}
	up, err := s.stillUp(ctx)
	if err == nil && len(up) > 0 {
		err = fmt.Errorf("%s: still started by somebody else", strings.Join(up, ", "))
	}
	return err
}

// stopAll stops them, dependents first.
func (s *stopper) stopAll(ctx context.Context) error {
	p := s.Project
	return s.Run(ctx, operation.Operation{Name: "stop", Project: p.Name, Want: p, Plan: func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
		return up.PlanStop(p, have, up.StopOptions{Services: s.services})
	}})
}

// killAll does not wait for the project's lock: whoever has it may be who is in
// the way.
func (s *stopper) killAll(ctx context.Context) error {
	have, err := operation.Observe(ctx, s.Engine, s.Project.Name, s.Project)
	if err != nil {
		return err
	}
	p, err := up.PlanKill(s.Project, have, up.KillOptions{Services: s.services})
	if err != nil {
		return err
	}
	return apply.ApplyWith(ctx, p, s.Engine, apply.ApplyOptions{Feed: s.Feed, Report: s.Printer.Report})
}

// stillUp are the names of containers that run. A list may be older than what was
// just answered, an inspection is not.
func (s *stopper) stillUp(ctx context.Context) ([]string, error) {
	ours, err := engine.ListOurs(ctx, s.Engine, s.Project.Name, s.Project)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range ours {
		if c.OneOff || !slices.Contains(s.services, c.Service) || !c.Up() {
			continue
		}
		seen, err := s.Engine.InspectContainer(ctx, c.Ref)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if seen.Up() {
			names = append(names, c.Name)
		}
	}
	return names, nil
}
