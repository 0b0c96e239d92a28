package emit

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Awaited is what a step waits for: each is one step, however many need it.
type Awaited struct {
	Service   string
	Condition plan.Condition
	Optional  bool
}

// DependencyNeeds is what a start of the service waits for: starts of its
// dependencies, or awaits of their conditions, which are added once each and
// only where what is observed does not meet them already.
func (e *Emitter) DependencyNeeds(sv *survey.Service) []*plan.Handle {
	if e.Opt.NoStart {
		return nil
	}
	var needs []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := e.Services[d.Service]
		if dep == nil {
			continue
		}
		needs = append(needs, e.Providers[dep.Name])
		if d.Condition == project.Started || dep.Provider {
			needs = append(needs, startsOf(dep)...)
			continue
		}
		needs = append(needs, e.Await(dep, d.Condition, !d.Required))
	}
	return needs
}

// Conditions are the awaits of a service whose containers run on: as before a
// start, its dependencies are to meet their conditions. One that the plan leaves
// alone and that only a check of ours could judge is taken at its word.
func (e *Emitter) Conditions(sv *survey.Service) []*plan.Handle {
	if e.Opt.NoStart || sv.Follower {
		return nil
	}
	var needs []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := e.Services[d.Service]
		if dep == nil || d.Condition == project.Started {
			continue
		}
		if d.Condition == project.Healthy && dep.Muster.Ready != nil && !slices.ContainsFunc(dep.Slots, (*survey.Slot).Begins) {
			continue
		}
		needs = append(needs, e.Await(dep, d.Condition, !d.Required))
	}
	return needs
}

// startsOf are the steps after which the service's containers run.
func startsOf(sv *survey.Service) []*plan.Handle {
	var steps []*plan.Handle
	for _, sl := range sv.Slots {
		steps = append(steps, sl.Ready())
	}
	return steps
}

// Await returns the step that waits for the condition, or nil if it is met or
// there is nothing to wait for.
func (e *Emitter) Await(sv *survey.Service, condition plan.Condition, optional bool) *plan.Handle {
	if len(sv.Slots) == 0 || met(sv, condition) {
		return nil
	}
	key := Awaited{sv.Name, condition, optional}
	if e.Awaits[key] != nil {
		return e.Awaits[key]
	}
	verb, why := plan.ConditionWords(condition), "a dependent needs it"
	if condition == plan.RunningOrHealthy {
		why = plan.Requested + "wait for it"
	}
	if optional {
		verb, why = verb+"-optional", "an optional dependency"
	}
	a := plan.Await{
		Service: sv.Name, Condition: condition, Ready: sv.Muster.Ready, Timeout: e.Opt.Timeout,
		Settle: e.Opt.Settle, Optional: optional,
	}
	needs := startsOf(sv)
	for _, sl := range sv.Slots {
		a.Targets = append(a.Targets, sl.Ref())
		needs = append(needs, sl.Named())
	}
	e.Awaits[key] = e.Add(sv.Name, verb, a, why, needs...)
	return e.Awaits[key]
}

// met reports whether nothing that the plan does can make the observed health
// of the service's containers untrue, and that is what is waited for.
func met(sv *survey.Service, condition plan.Condition) bool {
	if condition == project.Completed || sv.Muster.Ready != nil {
		return false
	}
	return !slices.ContainsFunc(sv.Slots, func(sl *survey.Slot) bool {
		return sl.Begins() || !sl.Runs() || sl.Old.State != engine.Running || sl.Old.Health != engine.HealthHealthy
	})
}
