package convergence

import (
	"context"
	"errors"
)

// result reports the steps that did not run and joins the errors.
func (r *run) result(ctx context.Context, order []StepID) error {
	cause := context.Cause(ctx)
	because := r.blame(order, cause)
	var errs []error
	if cause != nil {
		errs = append(errs, cause)
	}
	for _, s := range r.plan.Steps {
		failed := r.failed[s.ID]
		if because[s.ID] != "" {
			r.reporter.skipped(s, because[s.ID])
		}
		if failed != nil && (cause == nil || failed.Undone != "" || !errors.Is(failed, cause)) {
			errs = append(errs, failed)
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// blame says why each step that did not run did not: the step that failed, or
// the cancellation.
func (r *run) blame(order []StepID, cause error) map[StepID]string {
	because := map[StepID]string{}
	for _, id := range order {
		for _, n := range r.steps[id].Needs {
			switch {
			case because[id] != "":
			case r.failed[n] != nil:
				because[id] = string(n) + " failed"
			case because[n] != "":
				because[id] = because[n]
			}
		}
		switch {
		case because[id] != "" || !r.skipped[id]:
		case r.first != "":
			because[id] = string(r.first) + " failed"
		case cause != nil:
			because[id] = cause.Error()
		}
	}
	return because
}
