package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/emit"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
)

// commander writes the plans of commands that work on what is there. It never
// creates anything.
type commander struct {
	*emit.Emitter
	x commandSurvey
}

func newCommander(x commandSurvey, opt emit.Timing) commander {
	return commander{emit.New(x.World, x.Services, opt), x}
}

// startService starts or unpauses what does not run. If nothing of it runs, its
// pre_start hooks run first.
func (c commander) startService(sv *survey.Service) {
	if c.x.Provided(sv) {
		a := plan.RunProvider{Project: c.Want, Service: sv.Service, Verb: "up"}
		c.RunProvider(sv, a, "run the provider", c.DependencyNeeds(sv))
		return
	}
	for _, sl := range sv.Slots {
		sl.Reserve()
	}
	var needs []*plan.Handle
	if slices.ContainsFunc(sv.Slots, (*survey.Slot).Begins) {
		needs = c.DependencyNeeds(sv)
	}
	first := slices.IndexFunc(sv.Slots, func(sl *survey.Slot) bool { return sl.Starts })
	if first >= 0 && !slices.ContainsFunc(sv.Slots, func(sl *survey.Slot) bool { return sl.Runs() && !sl.Starts }) {
		if hooks := c.PreStart(sv, sv.Slots[first].Ref(), needs); len(hooks) > 0 {
			needs = hooks[len(hooks)-1:]
		}
	}
	for _, sl := range sv.Slots {
		switch {
		case sl.Starts:
			var ended []*plan.Handle
			if sl.Fate == fate.StartLater {
				ended = append(ended, c.AwaitEnd(sl, nil))
			}
			copied := c.CopyFiles(sl, sl.Ref(), ended, false, nil)
			c.PostStart(sl, c.Start(sl, sl.Ref(), slices.Concat(needs, copied)))
		case sl.Fate == fate.Unpause:
			c.Put(sl.Steps.Start, sl.Of, "unpause", plan.UnpauseContainer{Target: sl.Ref()}, sl.Why, needs...)
		case sl.Runs():
			c.Kept = append(c.Kept, sl.Ref())
		}
	}
}

func (c commander) restartService(sv *survey.Service) {
	for _, sl := range sv.Slots {
		if sl.Fate != fate.Restart {
			continue
		}
		sl.Reserve()
		needs := c.DependencyNeeds(sv)
		if sl.Runs() {
			_, needs = c.PreStop(sl, sl.Why, needs)
		}
		restarted := c.Put(sl.Steps.Start, sl.Of, "restart", plan.RestartContainer{Target: sl.Old.Ref, Grace: c.Opt.Grace}, sl.Why, needs...)
		c.PostStart(sl, restarted)
	}
}

// stopAll stops containers that run, dependents first.
func (c commander) stopAll(slots []*survey.Slot, why string) {
	stops := reserveStops(slots)
	for _, name := range slices.Backward(c.x.Needs.Order()) {
		for _, sl := range slots {
			if sl.Svc.Name == name && sl.Stops() {
				c.Stop(sl, why, c.stopsBefore(name, stops))
			}
		}
	}
}

// takeDown stops and removes containers, dependents first.
func (c commander) takeDown(slots []*survey.Slot) {
	stops := reserveStops(slots)
	for _, name := range slices.Backward(c.x.Needs.Order()) {
		for _, sl := range slots {
			if sl.Svc.Name == name {
				c.Discard(sl, c.stopsBefore(name, stops))
			}
		}
	}
}

// reserveStops are the stops of each service, which those of its dependencies
// wait for.
func reserveStops(slots []*survey.Slot) map[string][]*plan.Handle {
	stops := map[string][]*plan.Handle{}
	for _, sl := range slots {
		if !sl.Stops() {
			continue
		}
		if sl.Stop == nil {
			sl.Stop = &plan.Handle{}
		}
		stops[sl.Svc.Name] = append(stops[sl.Svc.Name], sl.Stop)
	}
	return stops
}

// reserveRemovals makes the steps that remove the containers.
func (c commander) reserveRemovals(slots []*survey.Slot, volumes bool) {
	for _, sl := range slots {
		sl.Reserve()
		c.Removals[sl.Old.ID] = emit.Removal{Step: sl.Remove, Of: sl.Of, Volumes: volumes}
	}
}

// stopsBefore are the stops that a service's own stop waits for: those of its
// dependents, and, of dependents without any, of their dependents.
func (c commander) stopsBefore(service string, stops map[string][]*plan.Handle) []*plan.Handle {
	var before []*plan.Handle
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, dependent := range c.x.Needs.Dependents(name) {
			if seen[dependent] {
				continue
			}
			seen[dependent] = true
			if len(stops[dependent]) > 0 {
				before = append(before, stops[dependent]...)
				continue
			}
			visit(dependent)
		}
	}
	visit(service)
	return before
}

// runProviders has the chosen ones carry out the verb, once nothing that depends
// on them runs. Those that know no such verb do nothing. Without a file it cannot
// be known what they are.
func (c commander) runProviders(verb, why string, chosen map[string]bool, stopped []*survey.Slot) {
	if gave := c.x.ProvidingServices(); c.Want == nil && len(gave) > 0 {
		c.Warn("cannot notify the providers of %s without a Compose file", plan.NameList(gave))
	}
	stops := reserveStops(stopped)
	for _, sv := range slices.Backward(c.x.Order(chosen)) {
		if c.x.Provided(sv) {
			a := plan.RunProvider{Project: c.Want, Service: sv.Service, Verb: verb}
			c.RunProvider(sv, a, why, c.stopsBefore(sv.Name, stops))
		}
	}
}

// planKeepGoing is the plan of what is taken down: a failure stops only what
// needs the failed step.
func (c commander) planKeepGoing() (plan.Plan, error) {
	p, err := c.Plan(c.Name)
	p.KeepGoing = true
	return p, err
}
