package up

import (
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
)

// copyFiles copies configs and secrets that are no host files into the container.
// The result is what a step after it needs.
func (e *emitter) copyFiles(sl *slot, target engine.Ref, needs []*plan.Handle, finish bool, undo []plan.Action) []*plan.Handle {
	if !sl.svc.declared {
		return needs
	}
	files := creation.ContainerFiles(e.want, sl.svc.Service)
	if len(files) == 0 {
		return needs
	}
	sl.copy = e.Add(sl.of, "copy", plan.CopyFiles{Target: target, Files: files}, "configs and secrets that are no host files", needs...)
	sl.copy.Finish, sl.copy.OnFailure = finish, undo
	return []*plan.Handle{sl.copy}
}

// awaitEnd waits until the stop that an earlier command asked for has ended the
// container.
func (e *emitter) awaitEnd(sl *slot, needs []*plan.Handle) *plan.Handle {
	stopping, _ := e.have.IsStopping(*sl.old)
	return e.Add(sl.of, "end", plan.AwaitEnd{Target: sl.old.Ref, Service: sl.svc.Name, Stopping: stopping}, plan.StillStopped, needs...)
}

func (e *emitter) start(sl *slot, target engine.Ref, needs []*plan.Handle) *plan.Handle {
	return e.Put(sl.steps.start, sl.of, "start", plan.StartContainer{Target: target, Service: sl.svc.Name}, sl.Why, needs...)
}

// postStart runs the post_start hooks of the slot's container after a step.
func (e *emitter) postStart(sl *slot, after *plan.Handle) {
	for i, h := range sl.svc.PostStart {
		run := plan.RunHook{Target: sl.ref(), Service: sl.svc.Name, Kind: "post_start", Index: i, Hook: h}
		var step *plan.Handle
		if i < len(sl.hooks) {
			step = sl.hooks[i]
		}
		after = e.Put(step, sl.of, fmt.Sprintf("post_start-%d", i), run, "it has started", after)
	}
}

// preStart runs the pre_start hooks of a service beside a container of it, one
// after the other, before the first of its containers starts. The result are its
// steps.
func (e *emitter) preStart(sv *service, beside engine.Ref, needs []*plan.Handle) []*plan.Handle {
	var added []*plan.Handle
	for i, h := range sv.PreStart {
		a := creation.PreStart(e.want, sv.Service, i, sv.refs, beside)
		image := e.bringing.Of(creation.HookImage(e.want, sv.Service, h))
		hook := e.Add(sv.Name, fmt.Sprintf("pre_start-%d", i), a, "before the service starts", append(needs[:len(needs):len(needs)], image)...)
		added, needs = append(added, hook), []*plan.Handle{hook}
	}
	return added
}
