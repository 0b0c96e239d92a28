package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// emitRecreate replaces a container without losing it: the successor is made
// beside it under a temporary name, the old one stops only then (it may hold
// fixed host ports), and goes only when the successor runs. If the successor
// does not start, the old one is put back.
func (c converger) emitRecreate(sl *slot) {
	old := *sl.old
	successor := successorOf(sl)
	creation := plan.CreateContainer{Spec: c.createSpec(sl, successor.Name), Replaces: engine.Ref{ID: old.ID, Name: sl.name}}
	discard := []plan.Action{plan.RemoveContainer{Target: successor, Volumes: true}}
	restore := append(slices.Clone(discard), c.revive(sl)...)

	var ready []*plan.Handle // the successor exists and the old one is down
	if sl.runs() && sl.apart {
		stopped := c.stop(sl, sl.Why, c.stopNeeds(sl))
		for _, n := range c.f.replacedNetworks(old) {
			stopped = append(stopped, c.networks[n.Key]) // where the old one is put back if need be
		}
		made := c.Put(sl.create, sl.of, "create", creation, sl.Why, slices.Concat(c.createNeeds(sl), stopped)...)
		made.Finish, made.OnFailure = true, c.revive(sl)
		ready = c.copyBeforeStart(sl, successor, made, restore)
	} else {
		made := c.Put(sl.create, sl.of, "create", creation, sl.Why, c.createNeeds(sl)...)
		ready = c.copyBeforeStart(sl, successor, made, discard)
		if sl.runs() {
			ready = c.stopForSuccessor(sl, ready, append(slices.Clone(discard), c.reviveDependents(sl)...))
		}
	}
	if sl.Starts {
		started := c.start(sl, successor, slices.Concat(ready, c.dependencyNeeds(sl.svc), awaitsOf(sl)))
		started.Finish, started.OnFailure = sl.runs(), restore
		ready = []*plan.Handle{started}
	}
	c.retire(sl, successor, ready)
}

// successorOf addresses the container that takes over before it has its name.
func successorOf(sl *slot) engine.Ref {
	return engine.Ref{Name: project.TemporaryName(sl.old.ID, sl.name)}
}

// copyBeforeStart fills the successor while the old container still runs.
func (c converger) copyBeforeStart(sl *slot, successor engine.Ref, made *plan.Handle, undo []plan.Action) []*plan.Handle {
	if !sl.Starts {
		return []*plan.Handle{made}
	}
	return c.copyFiles(sl, successor, []*plan.Handle{made}, sl.apart && sl.runs(), undo)
}

// stopForSuccessor stops the old container once the new one is there.
func (c converger) stopForSuccessor(sl *slot, made []*plan.Handle, undo []plan.Action) []*plan.Handle {
	hooks, needs := c.preStop(sl, sl.Why, slices.Concat(made, c.stopNeeds(sl)))
	stop := c.Put(sl.stop, sl.of, "stop", plan.StopContainer{Target: sl.old.Ref, Grace: c.opt.grace}, sl.Why, needs...)
	for _, step := range append(hooks, stop) {
		step.OnFailure = undo
	}
	return []*plan.Handle{stop}
}

// retire removes the old container and gives its name to the successor. Once the
// successor is what counts nothing keeps it from its name.
func (c converger) retire(sl *slot, successor engine.Ref, needs []*plan.Handle) {
	needs = slices.Concat(needs, c.bringing.All)
	for _, n := range c.f.replacedNetworks(*sl.old) {
		needs = append(needs, sl.leaves[n.Key])
	}
	removed := c.removeOld(sl, "replaced", needs)
	renamed := c.Put(sl.rename, sl.of, "rename", plan.RenameContainer{Target: successor, Name: sl.name}, "takes the name of the one it replaced", removed)
	removed.Finish, renamed.Finish = true, true
	if sl.Starts {
		c.postStart(sl, renamed)
	}
}

// revive starts the old container, and what was stopped for its sake, again.
// One that lived in the namespace of a container that is gone cannot be.
func (c converger) revive(sl *slot) []plan.Action {
	if !sl.runs() || c.f.joinsReplaced(sl, false) {
		return nil
	}
	var actions []plan.Action
	for _, n := range c.f.replacedNetworks(*sl.old) {
		actions = append(actions, plan.ConnectNetwork{Target: sl.old.Ref, Endpoint: c.endpoint(*sl.old, n.Network)})
	}
	actions = append(actions, plan.StartContainer{Target: sl.old.Ref, Service: sl.svc.Name})
	return append(actions, c.reviveDependents(sl)...)
}

// reviveDependents starts what was stopped for the sake of the old container.
func (c converger) reviveDependents(sl *slot) []plan.Action {
	var actions []plan.Action
	for _, sv := range c.f.dependents[sl.svc.Name] {
		if !slices.ContainsFunc(sv.DependsOn, func(d project.Dependency) bool { return d.Service == sl.svc.Name && d.Restart }) {
			continue
		}
		for _, dependent := range sv.slots {
			if dependent.early && dependent.stops() {
				actions = append(actions, plan.StartContainer{Target: dependent.old.Ref, Service: sv.Name})
			}
		}
	}
	return actions
}

// emitRebuild removes a container before its successor is made: it holds a
// volume that is made anew, or is half removed already.
func (c converger) emitRebuild(sl *slot) {
	needs := c.stopNeeds(sl)
	if sl.runs() {
		needs = c.stop(sl, sl.Why, needs)
	}
	removed := c.removeOld(sl, sl.Why, needs)
	removed.Finish = sl.runs()
	c.emitCreate(sl, removed)
}

// spareRebuilt keeps removals from taking an anonymous volume along that a
// rebuilt container will mount again: in between nothing mounts it.
func (c converger) spareRebuilt() {
	for _, sl := range c.f.holders {
		if sl.Fate != fate.Rebuild {
			continue
		}
		for _, in := range sl.inherit {
			for _, o := range c.have.Containers {
				if r, gone := c.removals[o.ID]; gone && o.MountsVolume(in.Volume) {
					r.volumes = false
					c.removals[o.ID] = r
				}
			}
		}
	}
}

// emitPreStart runs the pre_start hooks of a service once, when all of its
// containers that start are made and none of it runs any more. If a hook fails
// nothing of the service starts, and what was stopped for it is put back.
func (c converger) emitPreStart(sv *service) {
	starting := slices.DeleteFunc(slices.Clone(sv.slots), func(sl *slot) bool { return !sl.Starts })
	runs := slices.ContainsFunc(sv.slots, func(sl *slot) bool { return sl.Fate.Keeps() && sl.runs() && sl.Fate != fate.StartLater })
	if len(sv.PreStart) == 0 || len(starting) == 0 || runs || sv.follower {
		return
	}
	var needs []*plan.Handle
	var undo []plan.Action
	finish := false
	for _, sl := range starting {
		needs, undo, finish = slices.Concat(needs, sl.steps.start.Needs()), slices.Concat(undo, sl.steps.start.OnFailure), finish || sl.steps.start.Finish
	}
	beside := starting[0].ref()
	if starting[0].Fate == fate.Recreate {
		beside = successorOf(starting[0])
	}
	hooks := c.preStart(sv, beside, needs)
	for _, hook := range hooks {
		hook.Finish, hook.OnFailure = finish, undo
	}
	for _, sl := range starting {
		sl.steps.start.Need(hooks...)
	}
}
