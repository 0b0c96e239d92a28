package up

import (
	"cmp"
	"slices"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// chosenContainers are the managed containers of the chosen services that are
// no one-offs and for which keep holds.
func (s *stack) chosenContainers(chosen map[string]bool, keep func(engine.Container) bool) []engine.Container {
	var cs []engine.Container
	for _, c := range s.have.Containers {
		if engine.Managed(c) && !c.OneOff && chosen[c.Service] && keep(c) {
			cs = append(cs, c)
		}
	}
	return cs
}

// PlanStop is the plan that stops the services' running containers, dependents
// first. Those that have ended are told of as stopped, those that never ran are
// not. want may be nil.
func PlanStop(want *project.Project, have engine.Observed, opt StopOptions) (plan.Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	cs := s.chosenContainers(chosen, engine.Alive)
	s.stopProvided(cs, s.stopAll(cs, opt.Timeout), chosen)
	p, err := s.planToTheEnd()
	for _, c := range s.chosenContainers(chosen, func(c engine.Container) bool { return c.State == engine.Exited || c.State == engine.Dead }) {
		p.Stopped = append(p.Stopped, c.Ref)
	}
	return p, err
}

// stopAll stops containers, dependents first; the result are the stops by
// container ID.
func (s *stack) stopAll(cs []engine.Container, grace *time.Duration) map[string]plan.StepID {
	const why = plan.Asked + "stop"
	stops, byID := map[string][]plan.StepID{}, map[string]plan.StepID{}
	ids := containerIDs(s.name, cs)
	for i, c := range cs {
		stops[c.Service] = append(stops[c.Service], ids[i]+"/stop")
	}
	for _, name := range slices.Backward(s.needs.Order()) {
		for i, c := range cs {
			if c.Service != name {
				continue
			}
			after := stopHooks(&s.Builder, s.service(name), c, ids[i], why, s.stopsBefore(name, stops))
			byID[c.ID] = s.Add(ids[i]+"/stop", plan.StopContainer{Target: c.Ref, Grace: grace}, why, after...)
		}
	}
	return byID
}

// PlanRemove is the plan of rm: it removes the services' containers that do not
// run, and with Stop the running ones too. want may be nil.
func PlanRemove(want *project.Project, have engine.Observed, opt RemoveOptions) (plan.Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	stops := map[string]plan.StepID{}
	if opt.Stop {
		stops = s.stopAll(s.chosenContainers(chosen, engine.Alive), opt.Timeout)
	}
	cs := s.chosenContainers(chosen, func(c engine.Container) bool { return opt.Stop || !engine.Alive(c) })
	gone := map[string]plan.StepID{}
	for i, id := range containerIDs(s.name, cs) {
		remove := plan.RemoveContainer{Target: cs[i].Ref, Volumes: opt.Volumes}
		gone[cs[i].ID] = s.Add(id+"/remove", remove, plan.Asked+"remove it", stops[cs[i].ID])
	}
	if opt.Volumes {
		dropAnonymous(&s.Builder, s.have, gone, nil)
	}
	return s.planToTheEnd()
}

// PlanKill is the plan that sends a signal to the services' running containers,
// one-offs included, all at once. Containers of services that the file does not
// declare are left alone unless Orphans. want may be nil.
func PlanKill(want *project.Project, have engine.Observed, opt KillOptions) (plan.Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	orphans := opt.Orphans && len(opt.Services) == 0
	signal := cmp.Or(opt.Signal, "SIGKILL")
	var cs []engine.Container
	for _, c := range s.have.Containers {
		if engine.Managed(c) && engine.Alive(c) && (chosen[c.Service] || orphans) {
			cs = append(cs, c)
		}
	}
	for i, id := range containerIDs(s.name, cs) {
		s.Add(id+"/kill", plan.KillContainer{Target: cs[i].Ref, Signal: signal}, plan.Asked+"kill it")
	}
	return s.planToTheEnd()
}

// PlanPause is the plan that freezes the services' running containers. want may
// be nil.
func PlanPause(want *project.Project, have engine.Observed, services []string) (plan.Plan, error) {
	return planEach(want, have, services, engine.Running, func(id plan.StepID, c engine.Container) plan.Step {
		return plan.Step{ID: id + "/pause", Action: plan.PauseContainer{Target: c.Ref}, Reason: plan.Asked + "pause it"}
	})
}

// PlanUnpause is the plan that thaws the services' paused containers. want may
// be nil.
func PlanUnpause(want *project.Project, have engine.Observed, services []string) (plan.Plan, error) {
	return planEach(want, have, services, engine.Paused, func(id plan.StepID, c engine.Container) plan.Step {
		return plan.Step{ID: id + "/unpause", Action: plan.UnpauseContainer{Target: c.Ref}, Reason: plan.Asked + "unpause it"}
	})
}

func planEach(want *project.Project, have engine.Observed, services []string, in engine.State, step func(plan.StepID, engine.Container) plan.Step) (plan.Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(services)
	if err != nil {
		return plan.Plan{}, err
	}
	cs := s.chosenContainers(chosen, func(c engine.Container) bool { return c.State == in })
	for i, id := range containerIDs(s.name, cs) {
		s.Steps = append(s.Steps, step(id, cs[i]))
	}
	return s.Plan(s.name)
}
