package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
)

// commander writes the plans of commands that work on what is there. It never
// creates anything.
type commander struct {
	*emitter
	x asked
}

func command(x asked, opt timing) commander {
	return commander{newEmitter(x.world, x.services, opt), x}
}

// startService starts or unpauses what does not run. If nothing of it runs, its
// pre_start hooks run first.
func (c commander) startService(sv *service) {
	if c.x.provided(sv) {
		a := plan.RunProvider{Project: c.want, Service: sv.Service, Verb: "up"}
		c.runProvider(sv, a, "its provider knows what there is to do", c.dependencyNeeds(sv))
		return
	}
	for _, sl := range sv.slots {
		sl.reserve()
	}
	var needs []*plan.Handle
	if slices.ContainsFunc(sv.slots, (*slot).begins) {
		needs = c.dependencyNeeds(sv)
	}
	first := slices.IndexFunc(sv.slots, func(sl *slot) bool { return sl.Starts })
	if first >= 0 && !slices.ContainsFunc(sv.slots, func(sl *slot) bool { return sl.runs() && !sl.Starts }) {
		if hooks := c.preStart(sv, sv.slots[first].ref(), needs); len(hooks) > 0 {
			needs = hooks[len(hooks)-1:]
		}
	}
	for _, sl := range sv.slots {
		switch {
		case sl.Starts:
			var ended []*plan.Handle
			if sl.Fate == fate.StartLater {
				ended = append(ended, c.awaitEnd(sl, nil))
			}
			copied := c.copyFiles(sl, sl.ref(), ended, false, nil)
			c.postStart(sl, c.start(sl, sl.ref(), slices.Concat(needs, copied)))
		case sl.Fate == fate.Unpause:
			c.Put(sl.steps.start, sl.of, "unpause", plan.UnpauseContainer{Target: sl.ref()}, sl.Why, needs...)
		case sl.runs():
			c.Kept = append(c.Kept, sl.ref())
		}
	}
}

func (c commander) restartService(sv *service) {
	for _, sl := range sv.slots {
		if sl.Fate != fate.Restart {
			continue
		}
		sl.reserve()
		needs := c.dependencyNeeds(sv)
		if sl.runs() {
			_, needs = c.preStop(sl, sl.Why, needs)
		}
		restarted := c.Put(sl.steps.start, sl.of, "restart", plan.RestartContainer{Target: sl.old.Ref, Grace: c.opt.grace}, sl.Why, needs...)
		c.postStart(sl, restarted)
	}
}

// stopAll stops containers that run, dependents first.
func (c commander) stopAll(slots []*slot, why string) {
	stops := reserveStops(slots)
	for _, name := range slices.Backward(c.x.needs.Order()) {
		for _, sl := range slots {
			if sl.svc.Name == name && sl.stops() {
				c.stop(sl, why, c.stopsBefore(name, stops))
			}
		}
	}
}

// takeDown stops and removes containers, dependents first.
func (c commander) takeDown(slots []*slot) {
	stops := reserveStops(slots)
	for _, name := range slices.Backward(c.x.needs.Order()) {
		for _, sl := range slots {
			if sl.svc.Name == name {
				c.discard(sl, c.stopsBefore(name, stops))
			}
		}
	}
}

// reserveStops are the stops of each service, which those of its dependencies
// wait for.
func reserveStops(slots []*slot) map[string][]*plan.Handle {
	stops := map[string][]*plan.Handle{}
	for _, sl := range slots {
		if !sl.stops() {
			continue
		}
		if sl.stop == nil {
			sl.stop = &plan.Handle{}
		}
		stops[sl.svc.Name] = append(stops[sl.svc.Name], sl.stop)
	}
	return stops
}

// reserveRemovals makes the steps that remove the containers.
func (c commander) reserveRemovals(slots []*slot, volumes bool) {
	for _, sl := range slots {
		sl.reserve()
		c.removals[sl.old.ID] = removal{step: sl.remove, of: sl.of, volumes: volumes}
	}
}

// stopsBefore are the stops that a service's own stop waits for: those of its
// dependents, and, of dependents without any, of their dependents.
func (c commander) stopsBefore(service string, stops map[string][]*plan.Handle) []*plan.Handle {
	var before []*plan.Handle
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, dependent := range c.x.needs.Dependents(name) {
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

// tellProviders has the chosen ones carry out the verb, once nothing that depends
// on them runs. Those that know no such verb do nothing. Without a file it cannot
// be known what they are.
func (c commander) tellProviders(verb, why string, chosen map[string]bool, stopped []*slot) {
	if gave := c.x.gave(); c.want == nil && len(gave) > 0 {
		c.Warn("the providers of %s are not told: there is no file that says what they are", plan.NameList(gave))
	}
	stops := reserveStops(stopped)
	for _, sv := range slices.Backward(c.x.order(chosen)) {
		if c.x.provided(sv) {
			a := plan.RunProvider{Project: c.want, Service: sv.Service, Verb: verb}
			c.runProvider(sv, a, why, c.stopsBefore(sv.Name, stops))
		}
	}
}

// planToTheEnd is the plan of what is taken down: a failure stops only what
// needs the failed step.
func (c commander) planToTheEnd() (plan.Plan, error) {
	p, err := c.Plan(c.name)
	p.KeepGoing = true
	return p, err
}
