package up

import (
	"strings"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// asked is what exists, as a command sees it that works on it as it is.
type asked struct{ *existing }

// decide gives containers that a command works on as they are their fates. The
// result are the slots of those to which something happens.
func (x asked) decide(facts fate.Facts, cs []*engine.Container) []*slot {
	var slots []*slot
	for _, c := range cs {
		sl := slotFor(x.services[c.Service], "", c)
		if sl.Verdict = fate.Of(x.about(*c, facts)); sl.Fate != fate.Leave {
			slots = append(slots, sl)
		}
	}
	x.nameSteps(slots)
	return slots
}

// decideReplicas does the same for the replicas of a service, which keeps the
// slots of all of them: others may wait for it.
func (x asked) decideReplicas(sv *service, facts fate.Facts) {
	for _, c := range x.replicas[sv.Name] {
		sl := slotFor(sv, stepName(x.name, *c), c)
		sl.Verdict = fate.Of(x.about(*c, facts))
		sv.slots = append(sv.slots, sl)
	}
}

// about adds what is to know about a container.
func (x asked) about(c engine.Container, facts fate.Facts) fate.Facts {
	m := x.have.Membership(c, x.want)
	facts.Service, facts.Kind, facts.Declared = c.Service, kindOf(c, m), m.Declared
	facts.State, facts.ExitCode, facts.Stopping = c.State, c.ExitCode, x.isStopping(c)
	return facts
}

// nameSteps names the steps of containers. Two in one slot, which an interrupted
// run leaves behind, are told apart by their own names.
func (x asked) nameSteps(slots []*slot) {
	taken := map[string]bool{}
	for _, sl := range slots {
		sl.of = stepName(x.name, *sl.old)
		if taken[sl.of] {
			sl.of = sl.old.Name
		}
		taken[sl.of] = true
	}
}

// chosen are the managed containers of the chosen services that are no one-offs.
func (x asked) chosen(services map[string]bool) []*engine.Container {
	var cs []*engine.Container
	for i := range x.have.Containers {
		if c := &x.have.Containers[i]; engine.Managed(*c) && !c.OneOff && services[c.Service] {
			cs = append(cs, c)
		}
	}
	return cs
}

// decideStart decides about the services that are started: the chosen ones and
// what they depend on.
func (x asked) decideStart(opt StartOptions, chosen map[string]bool) {
	for _, sv := range x.order(chosen) {
		absent := len(x.replicas[sv.Name]) == 0 && !x.provided(sv)
		active := x.want != nil && x.want.Service(sv.Name) != nil && sv.Replicas > 0
		if absent && (active || !sv.declared && len(opt.Services) > 0) {
			x.notes.Fail(sv.Pos, "service %q has no container to start", sv.Name)
		}
	}
	for _, sv := range x.closure(chosen) {
		if x.provided(sv) {
			continue
		}
		x.decideReplicas(sv, fate.Facts{Command: fate.StartIt})
		sv.refs = x.joined(sv)
		for _, sl := range sv.slots {
			if sl.Starts && sv.declared {
				creation.CheckFiles(&x.notes, x.want, sv.Service, sl.old.State != engine.Created)
			}
		}
	}
}

// joined are the containers that the service joins, by service.
func (x asked) joined(sv *service) map[string]engine.Ref {
	refs := map[string]engine.Ref{}
	for _, ns := range sv.Namespaces {
		if first := firstReplica(x.replicas[ns.Service]); first.Name != "" {
			refs[ns.Service] = first
		}
	}
	return refs
}

// decideRestart decides about every service. The result are those whose
// containers restart, dependencies first: the chosen ones and, unless noDeps,
// those that are to restart with them.
func (x asked) decideRestart(chosen map[string]bool, noDeps bool) []*service {
	var restart []*service
	restarts := map[string]bool{}
	for _, name := range x.needs.Order() {
		sv, facts := x.services[name], fate.Facts{Command: fate.RestartIt}
		if engine.Declares(x.want, name) {
			facts.Chosen = chosen[name]
			if !noDeps {
				facts.Dependency = restartsWith(sv, restarts, chosen)
			}
		}
		if facts.Chosen || facts.Dependency != "" {
			restarts[name] = true
			restart = append(restart, sv)
		}
		x.decideReplicas(sv, facts)
	}
	return restart
}

// restartsWith is why the service restarts though it was not asked for.
func restartsWith(sv *service, restarts, chosen map[string]bool) string {
	for _, d := range sv.DependsOn {
		if (restarts[d.Service] || chosen[d.Service]) && d.Restart {
			return d.Service + " restarts, and it is to restart with it"
		}
	}
	return ""
}

// decideDown decides about the containers that belong to what is taken down, and
// tells of those that stay.
func (x asked) decideDown(opt DownOptions, chosen map[string]bool) []*slot {
	var cs []*engine.Container
	var left []string
	facts := fate.Facts{Command: fate.Down, RemoveOrphans: opt.RemoveOrphans, Chosen: len(opt.Services) > 0}
	for i := range x.have.Containers {
		c := &x.have.Containers[i]
		m := x.have.Membership(*c, x.want)
		switch {
		case !engine.Managed(*c) && m.Role != engine.HookContainer, facts.Chosen && (!chosen[c.Service] || c.OneOff):
		case fate.Of(x.about(*c, facts)).Fate == fate.Leave:
			left = append(left, c.Name)
		default:
			cs = append(cs, c)
		}
	}
	if len(left) > 0 {
		x.notes.Warn("Found orphan containers ([%s]) for this project; they are left, --remove-orphans removes them", strings.Join(left, " "))
	}
	return x.decide(facts, cs)
}

// completes is what the readiness of a service means: to have completed if
// somebody depends on that.
func (x asked) completes(sv *service) bool {
	for _, other := range x.services {
		for _, d := range other.DependsOn {
			if d.Service == sv.Name && d.Condition == project.Completed {
				return true
			}
		}
	}
	return false
}
