package operation

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanUp plans up with the options, and with what came to light since it began.
func PlanUp(p *project.Project, opt up.UpOptions) Planner {
	return func(have engine.Observed, known Known) (plan.Plan, error) {
		o := opt
		o.ImagesReady = known.Images
		o.RecreateVolumes = o.RecreateVolumes || known.Agreed
		if len(known.Outdated) > 0 {
			o.Services, o.NoDeps, o.Provided = known.Outdated, true, known.Provided
			o.Recreate, o.RenewAnonVolumes, o.RemoveOrphans, o.IgnoreOrphans = up.RecreateDiverged, false, false, true
		}
		return up.PlanUp(p, have, o)
	}
}

// Restart restarts a service beside what else goes on.
func Restart(p *project.Project, service string) Operation {
	return Operation{Name: "restart", Project: p.Name, Want: p, Plan: func(have engine.Observed, _ Known) (plan.Plan, error) {
		return up.PlanRestart(p, have, up.RestartOptions{Services: []string{service}})
	}}
}
