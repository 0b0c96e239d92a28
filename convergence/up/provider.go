package up

import (
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func providerID(service string) plan.StepID { return plan.StepID(service + "/provider") }

// emitProvider brings a provided service up, on every up: only its program
// knows what there is to do.
func (u *up) emitProvider(sp *servicePlan) {
	if u.asks(sp) {
		a := plan.RunProvider{Project: u.want, Service: sp.Service, Verb: "up", Given: u.given(sp.Name)}
		u.Add(providerID(sp.Name), a, "its provider knows what there is to do", u.dependencyNeeds(sp)...)
	}
}

// asks reports whether the plan runs the service's provider.
func (u *up) asks(sp *servicePlan) bool {
	_, answered := u.opt.Provided[sp.Name]
	return sp.Provider && !answered
}

// given is what the provider set for containers that stay and may be made anew.
// Of one without the label, made by another tool, nothing is known.
func (u *up) given(provider string) []plan.Given {
	var given []plan.Given
	for _, sp := range u.order {
		if sp.guest || u.policy(sp.Name) == RecreateNever {
			continue
		}
		for _, sl := range sp.slots {
			if sl.fate != keep {
				continue
			}
			was, ok := project.ParseFingerprints(sl.old.Labels[project.LabelProvided])[provider]
			switch {
			case ok && u.keyed(*sl.old):
				given = append(given, plan.Given{Service: sp.Name, Digest: was})
			case ok:
				u.Warn("cannot tell whether provider %s sets other variables now: container %s was created by another user or on "+
					"another machine; --force-recreate creates it with what there is now", provider, sl.old.Name)
			}
		}
	}
	return given
}

// providedChange notices that a provider sets other variables than those that
// the container was made with.
func (u *up) providedChange(s *project.Service, c engine.Container) string {
	if !u.keyed(c) {
		return ""
	}
	given := project.ParseFingerprints(c.Labels[project.LabelProvided])
	for _, d := range s.DependsOn {
		set, known := u.opt.Provided[d.Service]
		if was, had := given[d.Service]; known && had && was != plan.ProvidedDigest(u.want, d.Service, set) {
			return "provider " + d.Service + " sets other variables now"
		}
	}
	return ""
}

// providers are the steps after which the variables for the service are known.
// Those of a provider that is left out are not, which is said.
func (u *up) providers(s *project.Service) []plan.StepID {
	var ids []plan.StepID
	for _, d := range s.DependsOn {
		dep := u.services[d.Service]
		_, answered := u.opt.Provided[d.Service]
		switch p := u.want.Service(d.Service); {
		case dep != nil && u.asks(dep):
			ids = append(ids, providerID(d.Service))
		case dep == nil && !answered && p != nil && p.Provider:
			u.WarnOnce("%s is made without the variables that provider %s sets: it is not asked without the dependencies", s.Name, p.Name)
		}
	}
	return ids
}

// provided reports whether the service is a program's and to be told: it is
// active, or a container is there that it set variables for.
func (s *stack) provided(name string) bool {
	svc := s.service(name)
	return svc != nil && svc.Provider && (s.want.Service(name) != nil || slices.Contains(s.gave(), name))
}

// gave are the services whose providers set variables for containers, sorted.
func (s *stack) gave() []string {
	var names []string
	for _, c := range s.have.Containers {
		names = slices.AppendSeq(names, maps.Keys(project.ParseFingerprints(c.Labels[project.LabelProvided])))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tellProviders has the chosen ones carry out the verb, once nothing that depends
// on them runs. Without a file it cannot be known what they are.
func (s *stack) tellProviders(verb, why string, chosen map[string]bool, stops map[string][]plan.StepID) {
	if gave := s.gave(); s.want == nil && len(gave) > 0 {
		s.Warn("the providers of %s are not told: there is no file that says what they are", plan.NameList(gave))
	}
	for _, name := range slices.Backward(s.order(chosen)) {
		if s.provided(name) {
			a := plan.RunProvider{Project: s.want, Service: s.service(name), Verb: verb}
			s.Add(providerID(name), a, why, s.stopsBefore(name, stops)...)
		}
	}
}

// stopProvided has providers stop what they brought up. Those that know no stop
// do nothing.
func (s *stack) stopProvided(cs []engine.Container, stops map[string]plan.StepID, chosen map[string]bool) {
	byService := map[string][]plan.StepID{}
	for _, c := range cs {
		byService[c.Service] = append(byService[c.Service], stops[c.ID])
	}
	s.tellProviders("stop", plan.Asked+"stop", chosen, byService)
}

// removeProvided has providers take down what they brought up.
func (d *down) removeProvided(cs []engine.Container, chosen map[string]bool) {
	d.tellProviders("down", "the project goes down", chosen, d.stops(cs))
}
