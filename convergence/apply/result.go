package apply

import (
	"context"
	"errors"

	"github.com/musterdev/muster/convergence/plan"
)

// discard removes the successors that the plan made and never came to use,
// because another step failed or the operation was cancelled, by the OnFailure
// of the first step that did not run: nothing half-made stays behind, and a
// predecessor that was stopped for its successor's sake runs again.
func (r *run) discard(ctx context.Context) {
	settled := map[string]bool{}
	for _, s := range r.plan.Steps {
		successor := r.successor(s.OnFailure)
		if successor == "" || settled[successor] || r.done[s.ID] {
			continue
		}
		settled[successor] = true
		if r.failed[s.ID] != nil {
			continue // its failure put things back already
		}
		e := &StepError{Step: s.ID, Action: s.Action, Service: s.Action.About().Service, Err: errNotRun}
		if e.restore(ctx, r, s); e.RestoreErr != nil {
			r.failed[s.ID] = e
		}
	}
}

// successor is the container of the plan's own making that one of the actions
// removes; empty if none does, or if it was never made.
func (r *run) successor(undo []plan.Action) string {
	for _, a := range undo {
		if about := a.About(); about.Removes && about.Target.ID == "" && r.ids[about.Target.Name] != "" {
			return about.Target.Name
		}
	}
	return ""
}

// result reports the steps that did not run and joins the errors.
func (r *run) result(ctx context.Context, order []plan.StepID) error {
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

// by reports whether the step was cut short by the cancellation of the operation.
func (e *StepError) by(cause error) bool { return cause != nil && errors.Is(e, cause) }

// blame says why each step that did not run did not: the step that failed, or
// the cancellation.
func (r *run) blame(order []plan.StepID, cause error) map[plan.StepID]string {
	because := map[plan.StepID]string{}
	for _, id := range order {
		for _, n := range r.steps[id].Needs {
			switch {
			case because[id] != "":
			case r.failed[n] != nil && r.failed[n].by(cause):
				because[id] = cause.Error()
			case r.failed[n] != nil:
				because[id] = string(n) + " failed"
			case because[n] != "":
				because[id] = because[n]
			}
		}
		switch {
		case because[id] != "" || !r.skipped[id]:
		case r.first != "" && !r.failed[r.first].by(cause):
			because[id] = string(r.first) + " failed"
		case cause != nil:
			because[id] = cause.Error()
		}
	}
	return because
}
