package convergence

import (
	"context"
	"fmt"
)

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
