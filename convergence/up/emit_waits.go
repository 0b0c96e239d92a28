package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// awaited is what a step waits for: each is one step, however many need it.
type awaited struct {
	service   string
	condition plan.Condition
	optional  bool
}

// dependencyNeeds is what a start of the service waits for: starts of its
// dependencies, or awaits of their conditions, which are added once each and
// only where what is observed does not meet them already.
func (e *emitter) dependencyNeeds(sv *service) []*plan.Handle {
	if e.opt.noStart {
		return nil
	}
	var needs []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := e.services[d.Service]
		if dep == nil {
			continue
		}
		needs = append(needs, e.providers[dep.Name])
		if d.Condition == project.Started || dep.Provider {
			needs = append(needs, startsOf(dep)...)
			continue
		}
		needs = append(needs, e.await(dep, d.Condition, !d.Required))
	}
	return needs
}

// conditions are the awaits of a service whose containers run on: as before a
// start, its dependencies are to meet their conditions. One that the plan leaves
// alone and that only a check of ours could judge is taken at its word.
func (e *emitter) conditions(sv *service) []*plan.Handle {
	if e.opt.noStart || sv.follower {
		return nil
	}
	var needs []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := e.services[d.Service]
		if dep == nil || d.Condition == project.Started {
			continue
		}
		if d.Condition == project.Healthy && dep.Muster.Ready != nil && !slices.ContainsFunc(dep.slots, (*slot).begins) {
			continue
		}
		needs = append(needs, e.await(dep, d.Condition, !d.Required))
	}
	return needs
}

// startsOf are the steps after which the service's containers run.
func startsOf(sv *service) []*plan.Handle {
	var steps []*plan.Handle
	for _, sl := range sv.slots {
		steps = append(steps, sl.ready())
	}
	return steps
}

// await returns the step that waits for the condition, or nil if it is met or
// there is nothing to wait for.
func (e *emitter) await(sv *service, condition plan.Condition, optional bool) *plan.Handle {
	if len(sv.slots) == 0 || met(sv, condition) {
		return nil
	}
	key := awaited{sv.Name, condition, optional}
	if e.awaits[key] != nil {
		return e.awaits[key]
	}
	verb, why := plan.ConditionWords(condition), "others depend on it"
	if condition == plan.RunningOrHealthy {
		why = plan.Asked + "wait for it"
	}
	if optional {
		verb, why = verb+"-optional", "others would like to have it"
	}
	a := plan.Await{
		Service: sv.Name, Condition: condition, Ready: sv.Muster.Ready, Timeout: e.opt.timeout,
		Settle: e.opt.settle, Optional: optional,
	}
	needs := startsOf(sv)
	for _, sl := range sv.slots {
		a.Targets = append(a.Targets, sl.ref())
		needs = append(needs, sl.named())
	}
	e.awaits[key] = e.Add(sv.Name, verb, a, why, needs...)
	return e.awaits[key]
}

// met reports whether nothing that the plan does can make the observed health
// of the service's containers untrue, and that is what is waited for.
func met(sv *service, condition plan.Condition) bool {
	if condition == project.Completed || sv.Muster.Ready != nil {
		return false
	}
	return !slices.ContainsFunc(sv.slots, func(sl *slot) bool {
		return sl.begins() || !sl.runs() || sl.old.State != engine.Running || sl.old.Health != engine.HealthHealthy
	})
}
