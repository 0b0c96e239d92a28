package up

import (
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/plan"
)

// models are the steps after which the models that the service uses are there.
func (u *up) models(sp *servicePlan) []plan.StepID {
	var ids []plan.StepID
	for _, key := range slices.Sorted(maps.Keys(sp.Spec.Models)) {
		id := plan.StepID("model " + key)
		if !u.modelled[id] {
			m := u.want.Compose.Models[key]
			a := plan.PrepareModel{Key: key, Model: m.Model, ContextSize: m.ContextSize, RuntimeFlags: m.RuntimeFlags}
			u.Add(id, a, "service "+sp.Name+" uses it")
			u.modelled[id] = true
		}
		ids = append(ids, id)
	}
	return ids
}
