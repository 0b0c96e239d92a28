package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanUp is the plan that brings what runs in line with the project: images,
// networks and volumes, then the containers of the targets and of what they
// depend on. Where it cannot be done it says why, with the place in the file,
// before anything changes. Neither argument is written to.
//
// Containers are created as soon as their networks and volumes are there; only
// starts wait for dependencies. Nothing new is made and nothing that runs is
// stopped before every image that the plan needs is there.
func PlanUp(want *project.Project, have engine.Observed, opt UpOptions) (plan.Plan, error) {
	t, err := surveyTargets(want, have, opt)
	if err != nil {
		return plan.Plan{}, err
	}
	f := decide(t)
	p, err := emitPlan(f).Plan(f.targets.Name)
	p.Provisional, p.Diverged = f.provisional(), f.diverged
	return p, err
}
