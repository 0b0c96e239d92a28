package convergence

import (
	"maps"
	"slices"
)

// models are the steps after which the models that the service uses are there.
func (u *up) models(sp *servicePlan) []StepID {
	var ids []StepID
	for _, key := range slices.Sorted(maps.Keys(sp.Spec.Models)) {
		id := StepID("model " + key)
		if !u.modelled[id] {
			m := u.want.Compose.Models[key]
			a := PrepareModel{Key: key, Model: m.Model, ContextSize: m.ContextSize, RuntimeFlags: m.RuntimeFlags}
			u.add(id, a, "service "+sp.Name+" uses it")
			u.modelled[id] = true
		}
		ids = append(ids, id)
	}
	return ids
}
