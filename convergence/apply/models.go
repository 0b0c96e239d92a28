package apply

import (
	"context"
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

func (r *run) prepareModel(ctx context.Context, a plan.PrepareModel, id plan.StepID) error {
	if r.opt.Model == nil {
		return fmt.Errorf("%s: models are not supported here: %w", a, engine.ErrUnsupported)
	}
	return r.opt.Model(ctx, a, func(text string) {
		p := r.reporter.event(r.steps[id], engine.Working, "Pulling")
		p.Details = plan.Plain(text)
		r.reporter.tell(p)
	})
}
