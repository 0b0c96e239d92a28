package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// RunOptions are the choices of `run`.
type RunOptions struct {
	UpOptions        // Services and Scale are not used
	Name      string // of the container
	Slug      string // 64 hex digits that tell one-offs apart
	// UseAliases lets the container answer to its service's names.
	UseAliases bool
	Remove     bool // the engine removes the container when it ends
}

// PlanRun is the plan that brings up what a one-off container of the service
// needs, waits for its dependencies' conditions and creates it. It is not
// started: whoever runs it attaches first. want holds the service as it is to
// run; its own replicas are left alone.
func PlanRun(want *project.Project, have engine.Observed, service string, opt RunOptions) (plan.Plan, error) {
	s := want.Service(service)
	if s == nil {
		return plan.Plan{}, &project.UnknownServiceError{Name: service}
	}
	u, err := newUp(want, have, runDependencies(want, s, opt))
	if err != nil {
		return plan.Plan{}, err
	}
	if opt.NoDeps || len(u.opt.Services) == 0 {
		u.scope, u.targets = nil, map[string]bool{}
	}
	u.partial = true
	dependencies := u.scope
	u.scope = append(slices.Clone(u.scope), s)
	u.checkServices()
	u.planImages()
	u.surveyNetworks()
	u.surveyVolumes()
	for _, d := range dependencies {
		u.survey(d)
	}
	sl := u.oneOff(s, opt)
	u.finish(dependencies)
	u.emitOneOff(sl, opt)
	p, err := u.Plan(want.Name)
	p.Provisional = u.provisional()
	return p, err
}

// runDependencies makes the service's dependencies the targets.
func runDependencies(want *project.Project, s *project.Service, opt RunOptions) UpOptions {
	up := opt.UpOptions
	up.Services, up.Scale = nil, nil
	for _, d := range s.DependsOn {
		if want.Service(d.Service) != nil {
			up.Services = append(up.Services, d.Service)
		}
	}
	return up
}

// oneOff is the slot of the container, outside of the service's replicas.
func (u *up) oneOff(s *project.Service, opt RunOptions) *slot {
	sl := &slot{
		svc: &servicePlan{Service: s}, id: plan.StepID(s.Name + "-run"), name: opt.Name, fate: create, why: "it was asked for",
	}
	sl.refs, sl.ids, _ = u.joins(s)
	return sl
}

// emitOneOff creates the container once everything that its start needs is there.
func (u *up) emitOneOff(sl *slot, opt RunOptions) {
	spec := u.createSpec(sl, sl.name, nil)
	hash := spec.Labels[project.LabelConfigHash]
	image := spec.Labels[project.LabelImage]
	spec.OneOff, spec.UseAliases, spec.AutoRemove = true, opt.UseAliases, opt.Remove
	spec.Labels = creation.ContainerLabels(u.want, sl.svc.Service, 0, true)
	spec.Labels[project.LabelSlug], spec.Labels[project.LabelName] = opt.Slug, sl.name
	spec.Labels[project.LabelConfigHash] = hash
	if image != "" {
		spec.Labels[project.LabelImage] = image
	}
	needs := u.createNeeds(sl)
	if !opt.NoDeps {
		needs = append(needs, u.dependencyNeeds(sl.svc)...)
	}
	made := u.Add(sl.id+"/create", plan.CreateContainer{Spec: spec}, sl.why, needs...)
	u.emitCopy(sl, engine.Ref{Name: sl.name}, []plan.StepID{made}, false, nil)
}
