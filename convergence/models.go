package convergence

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// PrepareModel has a language model pulled, if it is not there, and configured.
type PrepareModel struct {
	Key          string // in the file
	Model        string // its reference
	ContextSize  int    // in tokens; zero is the model's own
	RuntimeFlags []string
}

func (a PrepareModel) String() string { return "prepare model " + a.Model }

func (r *run) prepareModel(ctx context.Context, a PrepareModel, id StepID) error {
	if r.opt.Model == nil {
		return fmt.Errorf("%s: no models are served here: %w", a, ErrUnsupported)
	}
	return r.opt.Model(ctx, a, func(text string) {
		p := r.reporter.event(r.steps[id], Working, "Pulling")
		p.Details = plain(text)
		r.reporter.tell(p)
	})
}

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
