package convergence

import (
	"cmp"
	"slices"
	"time"

	"github.com/musterdev/muster/project"
)

// chosenContainers are the managed containers of the chosen services that are
// no one-offs and for which keep holds.
func (s *stack) chosenContainers(chosen map[string]bool, keep func(Container) bool) []Container {
	var cs []Container
	for _, c := range s.have.Containers {
		if managed(c) && !c.OneOff && chosen[c.Service] && keep(c) {
			cs = append(cs, c)
		}
	}
	return cs
}

// PlanStop is the plan that stops the services' running containers, dependents
// first. Those that do not run are told of as stopped. want may be nil.
func PlanStop(want *project.Project, have Observed, opt StopOptions) (Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return Plan{}, err
	}
	cs := s.chosenContainers(chosen, alive)
	s.stopProvided(cs, s.stopAll(cs, opt.Timeout), chosen)
	p, err := s.planToTheEnd()
	for _, c := range s.chosenContainers(chosen, func(c Container) bool { return !alive(c) && c.State != Removing }) {
		p.Stopped = append(p.Stopped, c.Ref)
	}
	return p, err
}

// stopAll stops containers, dependents first; the result are the stops by
// container ID.
func (s *stack) stopAll(cs []Container, grace *time.Duration) map[string]StepID {
	const why = asked + "stop"
	stops, byID := map[string][]StepID{}, map[string]StepID{}
	ids := containerIDs(s.name, cs)
	for i, c := range cs {
		stops[c.Service] = append(stops[c.Service], ids[i]+"/stop")
	}
	for _, name := range slices.Backward(s.needs.Order()) {
		for i, c := range cs {
			if c.Service != name {
				continue
			}
			after := stopHooks(&s.builder, s.service(name), c, ids[i], why, s.stopsBefore(name, stops))
			byID[c.ID] = s.add(ids[i]+"/stop", StopContainer{Target: c.Ref, Grace: grace}, why, after...)
		}
	}
	return byID
}

// PlanRemove is the plan of rm: it removes the services' containers that do not
// run, and with Stop the running ones too. want may be nil.
func PlanRemove(want *project.Project, have Observed, opt RemoveOptions) (Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return Plan{}, err
	}
	stops := map[string]StepID{}
	if opt.Stop {
		stops = s.stopAll(s.chosenContainers(chosen, alive), opt.Timeout)
	}
	cs := s.chosenContainers(chosen, func(c Container) bool { return opt.Stop || !alive(c) })
	gone := map[string]StepID{}
	for i, id := range containerIDs(s.name, cs) {
		remove := RemoveContainer{Target: cs[i].Ref, Volumes: opt.Volumes}
		gone[cs[i].ID] = s.add(id+"/remove", remove, asked+"remove it", stops[cs[i].ID])
	}
	if opt.Volumes {
		dropAnonymous(&s.builder, s.have, gone, nil)
	}
	return s.planToTheEnd()
}

// PlanKill is the plan that sends a signal to the services' running containers,
// one-offs included, all at once. Containers of services that the file does not
// declare are left alone unless Orphans. want may be nil.
func PlanKill(want *project.Project, have Observed, opt KillOptions) (Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(opt.Services)
	if err != nil {
		return Plan{}, err
	}
	orphans := opt.Orphans && len(opt.Services) == 0
	signal := cmp.Or(opt.Signal, "SIGKILL")
	var cs []Container
	for _, c := range s.have.Containers {
		if managed(c) && alive(c) && (chosen[c.Service] || orphans) {
			cs = append(cs, c)
		}
	}
	for i, id := range containerIDs(s.name, cs) {
		s.add(id+"/kill", KillContainer{Target: cs[i].Ref, Signal: signal}, asked+"kill it")
	}
	return s.planToTheEnd()
}

// PlanPause is the plan that freezes the services' running containers. want may
// be nil.
func PlanPause(want *project.Project, have Observed, services []string) (Plan, error) {
	return planEach(want, have, services, Running, func(id StepID, c Container) Step {
		return Step{ID: id + "/pause", Action: PauseContainer{c.Ref}, Reason: asked + "pause it"}
	})
}

// PlanUnpause is the plan that thaws the services' paused containers. want may
// be nil.
func PlanUnpause(want *project.Project, have Observed, services []string) (Plan, error) {
	return planEach(want, have, services, Paused, func(id StepID, c Container) Step {
		return Step{ID: id + "/unpause", Action: UnpauseContainer{c.Ref}, Reason: asked + "unpause it"}
	})
}

func planEach(want *project.Project, have Observed, services []string, in State, step func(StepID, Container) Step) (Plan, error) {
	s := newStack(want, have)
	chosen, err := s.choose(services)
	if err != nil {
		return Plan{}, err
	}
	cs := s.chosenContainers(chosen, func(c Container) bool { return c.State == in })
	for i, id := range containerIDs(s.name, cs) {
		s.steps = append(s.steps, step(id, cs[i]))
	}
	return s.plan(s.name)
}
