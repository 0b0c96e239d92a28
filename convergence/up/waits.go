package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// dependencyNeeds is what a start of the service waits for: starts of its
// dependencies, or awaits of their conditions, which are added once each and
// only where what is observed does not meet them already.
func (u *up) dependencyNeeds(sp *servicePlan) []plan.StepID {
	if u.opt.NoStart {
		return nil
	}
	var needs []plan.StepID
	for _, d := range sp.DependsOn {
		dep := u.services[d.Service]
		if dep != nil && u.asks(dep) {
			needs = append(needs, providerID(dep.Name))
		}
		if dep == nil || len(dep.slots) == 0 {
			continue
		}
		if d.Condition == project.Started {
			needs = append(needs, u.startsOf(dep)...)
			continue
		}
		needs = append(needs, u.await(dep, d.Condition, !d.Required))
	}
	return needs
}

// conditions are the awaits of a service whose containers run on: as before a
// start, its dependencies are to meet their conditions. One that the plan leaves
// alone and that only a check of ours could judge is taken at its word.
func (u *up) conditions(sp *servicePlan) []plan.StepID {
	if u.opt.NoStart || sp.guest {
		return nil
	}
	var needs []plan.StepID
	for _, d := range sp.DependsOn {
		dep := u.services[d.Service]
		if dep == nil || len(dep.slots) == 0 || d.Condition == project.Started {
			continue
		}
		if d.Condition == project.Healthy && dep.Muster.Ready != nil && !u.touches(dep) {
			continue
		}
		needs = append(needs, u.await(dep, d.Condition, !d.Required))
	}
	return needs
}

// touches reports whether the plan starts any of the service's containers.
func (u *up) touches(sp *servicePlan) bool {
	return slices.ContainsFunc(sp.slots, func(sl *slot) bool { return u.startID(sl) != "" })
}

// startsOf are the steps after which the service's containers run.
func (u *up) startsOf(sp *servicePlan) []plan.StepID {
	var ids []plan.StepID
	for _, sl := range sp.slots {
		ids = append(ids, u.upID(sl))
	}
	return ids
}

// await returns the step that waits for the condition, or nothing if it is met.
func (u *up) await(sp *servicePlan, c plan.Condition, optional bool) plan.StepID {
	if u.met(sp, c) {
		return ""
	}
	id := plan.StepID(sp.Name + "/" + plan.ConditionWords(c))
	why := "others depend on it"
	if c == plan.RunningOrHealthy {
		why = plan.Asked + "wait for it"
	}
	if optional {
		id, why = id+"-optional", "others would like to have it"
	}
	if u.awaits[id] {
		return id
	}
	u.awaits[id] = true
	a := plan.Await{
		Service: sp.Name, Condition: c, Ready: sp.Muster.Ready, Timeout: u.opt.WaitTimeout,
		Settle: u.opt.Settle, Optional: optional,
	}
	needs := u.startsOf(sp)
	for _, sl := range sp.slots {
		a.Targets = append(a.Targets, sl.ref())
		needs = append(needs, u.namedID(sl))
	}
	return u.Add(id, a, why, needs...)
}

// met reports whether nothing that the plan does can make the observed health
// of the service's containers untrue, and that is what is waited for.
func (u *up) met(sp *servicePlan, c plan.Condition) bool {
	if c == project.Completed || sp.Muster.Ready != nil {
		return false
	}
	return !slices.ContainsFunc(sp.slots, func(sl *slot) bool {
		return u.startID(sl) != "" || !sl.runs() || sl.old.Health != engine.HealthHealthy
	})
}

// waitForTargets adds what `up --wait` waits for.
func (u *up) waitForTargets() {
	if !u.opt.Wait || u.opt.NoStart {
		return
	}
	for _, sp := range u.order {
		if !u.targets[sp.Name] || sp.guest || len(sp.slots) == 0 {
			continue
		}
		condition := plan.RunningOrHealthy
		if u.completes(sp.Name) {
			condition = project.Completed
		} else if u.awaits[plan.StepID(sp.Name+"/"+plan.ConditionWords(project.Healthy))] {
			continue // healthy is more than ready
		}
		u.await(sp, condition, false)
	}
}

// completes reports whether somebody depends on the service's completion.
func (u *up) completes(service string) bool {
	return len(u.want.Dependents(service, func(d project.Dependency) bool { return d.Condition == project.Completed })) > 0
}
