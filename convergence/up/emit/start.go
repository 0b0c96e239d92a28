package emit

import (
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
)

// CopyFiles copies configs and secrets without a host file into the container.
// The result is what a step after it needs.
func (e *Emitter) CopyFiles(sl *survey.Slot, target engine.Ref, needs []*plan.Handle, finish bool, undo []plan.Action) []*plan.Handle {
	if !sl.Svc.Declared {
		return needs
	}
	files := creation.ContainerFiles(e.Want, sl.Svc.Service)
	if len(files) == 0 {
		return needs
	}
	sl.Copy = e.Add(sl.Of, "copy", plan.CopyFiles{Target: target, Service: sl.Svc.Name, Files: files}, "configs and secrets without a host file", needs...)
	sl.Copy.Finish, sl.Copy.OnFailure = finish, undo
	return []*plan.Handle{sl.Copy}
}

// AwaitEnd waits until the stop that an earlier command asked for has ended the
// container.
func (e *Emitter) AwaitEnd(sl *survey.Slot, needs []*plan.Handle) *plan.Handle {
	stopping, _ := e.Have.IsStopping(*sl.Old)
	return e.Add(sl.Of, "end", plan.AwaitEnd{Target: sl.Old.Ref, Service: sl.Svc.Name, Stopping: stopping}, plan.StillStopped, needs...)
}

// Start starts the slot's container.
func (e *Emitter) Start(sl *survey.Slot, target engine.Ref, needs []*plan.Handle) *plan.Handle {
	return e.Put(sl.Steps.Start, sl.Of, "start", plan.StartContainer{Target: target, Service: sl.Svc.Name}, sl.Why, needs...)
}

// PostStart runs the post_start hooks of the slot's container after a step.
func (e *Emitter) PostStart(sl *survey.Slot, after *plan.Handle) {
	for i, h := range sl.Svc.PostStart {
		run := plan.RunHook{Target: sl.Ref(), Service: sl.Svc.Name, Kind: "post_start", Index: i, Hook: h}
		var step *plan.Handle
		if i < len(sl.Hooks) {
			step = sl.Hooks[i]
		}
		after = e.Put(step, sl.Of, fmt.Sprintf("post_start-%d", i), run, "the service has started", after)
	}
}

// PreStart runs the pre_start hooks of a service beside a container of it, one
// after the other, before the first of its containers starts. The result are its
// steps.
func (e *Emitter) PreStart(sv *survey.Service, beside engine.Ref, needs []*plan.Handle) []*plan.Handle {
	var added []*plan.Handle
	for i, h := range sv.PreStart {
		a := creation.PreStart(e.Want, sv.Service, i, sv.Refs, beside)
		image := e.Bringing.Of(creation.HookImage(e.Want, sv.Service, h))
		hook := e.Add(sv.Name, fmt.Sprintf("pre_start-%d", i), a, "before the service starts", append(needs[:len(needs):len(needs)], image)...)
		added, needs = append(added, hook), []*plan.Handle{hook}
	}
	return added
}
