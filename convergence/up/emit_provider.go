package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/divergence"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/project"
)

// runsProvider reports whether the plan runs the service's provider.
func (f *fates) runsProvider(sv *survey.Service) bool {
	_, answered := f.targets.opt.Provided[sv.Name]
	return sv.Provider && !answered
}

// emitProvider brings a provided service up, on every up: only its program
// knows what there is to do.
func (c converger) emitProvider(sv *survey.Service) {
	if c.f.runsProvider(sv) && c.out.Services[sv.Name] == sv {
		a := plan.RunProvider{Project: c.out.Want, Service: sv.Service, Verb: "up", Given: c.given(sv.Name)}
		c.out.RunProvider(sv, a, "run the provider", c.out.DependencyNeeds(sv))
	}
}

// given is what the provider set for containers that stay and may be made anew.
// Of one without the label, made by another tool, nothing is known.
func (c converger) given(provider string) []plan.Given {
	var given []plan.Given
	for _, sv := range c.f.order {
		if sv.Follower || c.f.targets.policy(sv.Name) == RecreateNever {
			continue
		}
		for _, sl := range sv.Slots {
			if !sl.Fate.Keeps() {
				continue
			}
			was, ok := project.ParseFingerprints(sl.Old.Labels[project.LabelProvided])[provider]
			switch {
			case ok && divergence.SameKey(c.out.Want, *sl.Old):
				given = append(given, plan.Given{Service: sv.Name, Digest: was})
			case ok:
				c.out.Warn("cannot tell whether provider %s sets different variables: container %s was created by another user or on "+
					"another machine; use --force-recreate to recreate it", provider, sl.Old.Name)
			}
		}
	}
	return given
}

// providedBefore are the steps after which the variables for the service are
// known. Those of a provider that is left out are not, which is said.
func (c converger) providedBefore(s *project.Service) []*plan.Handle {
	var steps []*plan.Handle
	for _, d := range s.DependsOn {
		_, answered := c.f.targets.opt.Provided[d.Service]
		switch p := c.out.Want.Service(d.Service); {
		case c.out.Services[d.Service] != nil:
			steps = append(steps, c.out.Providers[d.Service])
		case !answered && p != nil && p.Provider:
			c.out.WarnOnce("%s created without the variables of provider %s: --no-deps skips providers", s.Name, p.Name)
		}
	}
	return steps
}
