package up

import (
	"strings"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// commandSurvey is what exists, as a command sees it that works on it as it is.
type commandSurvey struct{ *survey.Existing }

// surveyForCommand surveys what is there, and chooses the services that a command names. want
// may be nil.
func surveyForCommand(want *project.Project, have engine.Observed, services []string) (commandSurvey, map[string]bool, error) {
	x := commandSurvey{survey.NewExisting(want, have)}
	chosen, err := x.Choose(services)
	return x, chosen, err
}

// decide gives containers that a command works on as they are their fates. The
// result are the slots of those to which something happens.
func (x commandSurvey) decide(facts fate.Facts, cs []*engine.Container) []*survey.Slot {
	var slots []*survey.Slot
	for _, c := range cs {
		sl := survey.SlotFor(x.Services[c.Service], "", c)
		if sl.Verdict = fate.Of(x.about(*c, facts)); sl.Fate != fate.Leave {
			slots = append(slots, sl)
		}
	}
	x.nameSteps(slots)
	return slots
}

// decideReplicas does the same for the replicas of a service, which keeps the
// slots of all of them: others may wait for it.
func (x commandSurvey) decideReplicas(sv *survey.Service, facts fate.Facts) {
	for _, c := range x.Replicas[sv.Name] {
		sl := survey.SlotFor(sv, survey.StepName(x.Name, *c), c)
		sl.Verdict = fate.Of(x.about(*c, facts))
		sv.Slots = append(sv.Slots, sl)
	}
}

// about adds what is to know about a container.
func (x commandSurvey) about(c engine.Container, facts fate.Facts) fate.Facts {
	m := x.Have.Membership(c, x.Want)
	facts.Service, facts.Kind, facts.Declared = c.Service, kindOf(c, m), m.Declared
	facts.State, facts.ExitCode, facts.Stopping = c.State, c.ExitCode, x.IsStopping(c)
	return facts
}

// nameSteps names the steps of containers. Two in one slot, which an interrupted
// run leaves behind, are told apart by their own names.
func (x commandSurvey) nameSteps(slots []*survey.Slot) {
	taken := map[string]bool{}
	for _, sl := range slots {
		sl.Of = survey.StepName(x.Name, *sl.Old)
		if taken[sl.Of] {
			sl.Of = sl.Old.Name
		}
		taken[sl.Of] = true
	}
}

// chosen are the managed containers of the chosen services that are no one-offs.
func (x commandSurvey) chosen(services map[string]bool) []*engine.Container {
	var cs []*engine.Container
	for i := range x.Have.Containers {
		if c := &x.Have.Containers[i]; engine.Managed(*c) && !c.OneOff && services[c.Service] {
			cs = append(cs, c)
		}
	}
	return cs
}

// decideStart decides about the services that are started: the chosen ones and
// what they depend on.
func (x commandSurvey) decideStart(opt StartOptions, chosen map[string]bool) {
	for _, sv := range x.Order(chosen) {
		absent := len(x.Replicas[sv.Name]) == 0 && !x.Provided(sv)
		active := x.Want != nil && x.Want.Service(sv.Name) != nil && sv.Replicas > 0
		if absent && (active || !sv.Declared && len(opt.Services) > 0) {
			x.Notes.Fail(sv.Pos, "service %q has no container to start", sv.Name)
		}
	}
	for _, sv := range x.Closure(chosen) {
		if x.Provided(sv) {
			continue
		}
		x.decideReplicas(sv, fate.Facts{Command: fate.CommandStart})
		sv.Refs = x.joined(sv)
		for _, sl := range sv.Slots {
			if sl.Starts && sv.Declared {
				creation.CheckFiles(&x.Notes, x.Want, sv.Service, sl.Old.State != engine.Created)
			}
		}
	}
}

// joined are the containers that the service joins, by service.
func (x commandSurvey) joined(sv *survey.Service) map[string]engine.Ref {
	refs := map[string]engine.Ref{}
	for _, ns := range sv.Namespaces {
		if first := firstReplica(x.Replicas[ns.Service]); first.Name != "" {
			refs[ns.Service] = first
		}
	}
	return refs
}

// decideRestart decides about every service. The result are those whose
// containers restart, dependencies first: the chosen ones and, unless noDeps,
// those that are to restart with them.
func (x commandSurvey) decideRestart(chosen map[string]bool, noDeps bool) []*survey.Service {
	var restart []*survey.Service
	restarts := map[string]bool{}
	for _, name := range x.Needs.Order() {
		sv, facts := x.Services[name], fate.Facts{Command: fate.CommandRestart}
		if engine.Declares(x.Want, name) {
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
func restartsWith(sv *survey.Service, restarts, chosen map[string]bool) string {
	for _, d := range sv.DependsOn {
		if (restarts[d.Service] || chosen[d.Service]) && d.Restart {
			return d.Service + " is being restarted (depends_on restart: true)"
		}
	}
	return ""
}

// decideDown decides about the containers that belong to what is taken down, and
// tells of those that stay.
func (x commandSurvey) decideDown(opt DownOptions, chosen map[string]bool) []*survey.Slot {
	var cs []*engine.Container
	var left []string
	facts := fate.Facts{Command: fate.CommandDown, RemoveOrphans: opt.RemoveOrphans, Chosen: len(opt.Services) > 0}
	for i := range x.Have.Containers {
		c := &x.Have.Containers[i]
		m := x.Have.Membership(*c, x.Want)
		switch {
		case !engine.Managed(*c) && m.Role != engine.HookContainer, facts.Chosen && (!chosen[c.Service] || c.OneOff):
		case fate.Of(x.about(*c, facts)).Fate == fate.Leave:
			left = append(left, c.Name)
		default:
			cs = append(cs, c)
		}
	}
	if len(left) > 0 {
		x.Notes.Warn("Found orphan containers ([%s]) for this project; leaving them running, use --remove-orphans to remove them", strings.Join(left, " "))
	}
	return x.decide(facts, cs)
}

// completes is what the readiness of a service means: to have completed if
// somebody depends on that.
func (x commandSurvey) completes(sv *survey.Service) bool {
	for _, other := range x.Services {
		for _, d := range other.DependsOn {
			if d.Service == sv.Name && d.Condition == project.Completed {
				return true
			}
		}
	}
	return false
}
