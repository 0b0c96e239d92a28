package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
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
	t, err := surveyTargets(want, have, runDependencies(want, s, opt))
	if err != nil {
		return plan.Plan{}, err
	}
	t.runs(s, opt)
	f := decide(t)
	p, err := emitPlan(f).Plan(f.targets.Name)
	p.Provisional = f.provisional()
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

// runs adds the one-off container of a service, outside of the service's
// replicas. What is there for it counts; only its dependencies are converged.
func (t *targets) runs(s *project.Service, opt RunOptions) {
	if opt.NoDeps || len(t.opt.Services) == 0 {
		t.scope, t.converged, t.named = nil, nil, map[string]bool{}
	}
	t.partial, t.run = true, opt
	t.scope = append(slices.Clone(t.scope), s)
	sv := &survey.Service{Service: s, Declared: true}
	t.oneOff = &survey.Slot{Svc: sv, Of: s.Name + "-run", Name: opt.Name, Verdict: fate.Of(fate.Facts{Command: fate.CommandRun, NoStart: opt.NoStart})}
}
