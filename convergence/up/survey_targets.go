package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// targets are what a command brings in line: services with what they depend on.
type targets struct {
	*survey.World
	opt UpOptions
	// scope are the services whose images, networks and volumes count, dependencies
	// first; converged are those of them that are brought in line.
	scope     []*project.Service
	converged []*survey.Service
	named     map[string]bool
	partial   bool         // only what the scope uses counts, not all of the project
	oneOff    *survey.Slot // of run, which says more of it
	run       RunOptions
}

// surveyTargets looks at the world with the eyes of up.
func surveyTargets(want *project.Project, have engine.Observed, opt UpOptions) (*targets, error) {
	want, err := want.WithReplicas(opt.Scale)
	if err != nil {
		return nil, err
	}
	t := &targets{World: survey.New(want, have), opt: opt, partial: len(opt.Services) > 0, named: map[string]bool{}}
	return t, t.choose()
}

// choose resolves targets and scope.
func (t *targets) choose() error {
	g, err := t.Want.Graph()
	if err != nil {
		return err
	}
	names := t.opt.Services
	if len(names) == 0 {
		names = t.Want.ServiceNames()
	}
	for _, name := range names {
		if t.Want.Service(name) == nil {
			return &project.UnknownServiceError{Name: name}
		}
		t.named[name] = true
	}
	chosen := g
	if !t.opt.NoDeps {
		chosen = g.Closure(names...)
	}
	for _, name := range chosen.Order() {
		if t.named[name] || !t.opt.NoDeps {
			t.converge(t.Want.Service(name))
		}
	}
	return nil
}

// converge adds a service to the scope, with the slots that were found of it.
func (t *targets) converge(s *project.Service) {
	t.scope = append(t.scope, s)
	sv := &survey.Service{Service: s, Declared: true}
	t.converged = append(t.converged, sv)
	if !s.Provider {
		sv.Slots = t.FindSlots(sv)
	}
}

// policy is the recreate policy of a service.
func (t *targets) policy(service string) RecreatePolicy {
	if t.named[service] {
		if t.opt.RenewAnonVolumes {
			return RecreateForce
		}
		return orDiverged(t.opt.Recreate)
	}
	if t.opt.RecreateDeps == "" && t.opt.Recreate == RecreateNever {
		return RecreateNever
	}
	return orDiverged(t.opt.RecreateDeps)
}

func orDiverged(p RecreatePolicy) RecreatePolicy {
	if p == "" {
		return RecreateDiverged
	}
	return p
}

// checkServices refuses what cannot be started, before anything changes.
func (t *targets) checkServices() {
	for _, s := range t.scope {
		if s.Provider {
			continue
		}
		if s.ContainerName != "" && s.Replicas > 1 {
			t.Notes.Fail(s.Pos, "service %s: container_name %q allows one replica only, not %d", s.Name, s.ContainerName, s.Replicas)
		}
		if s.Replicas > 0 {
			creation.CheckFiles(&t.Notes, t.Want, s, false)
		}
	}
	owner := map[string]*project.Service{}
	for _, s := range t.scope {
		if s.ContainerName == "" {
			continue
		}
		if first := owner[s.ContainerName]; first != nil {
			t.Notes.Fail(s.Pos, "service %s: container_name %q is already used by service %s", s.Name, s.ContainerName, first.Name)
		}
		owner[s.ContainerName] = s
	}
}

// usedKeys are the networks or volumes that the scope uses.
func (t *targets) usedKeys(keys func(*project.Service) []string) map[string]bool {
	used := map[string]bool{}
	for _, s := range t.scope {
		for _, k := range keys(s) {
			used[k] = true
		}
	}
	return used
}

func (t *targets) scoped(service string) bool {
	return slices.ContainsFunc(t.scope, func(s *project.Service) bool { return s.Name == service })
}
