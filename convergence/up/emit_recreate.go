package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// emitRecreate replaces a container without losing it: the successor is made
// beside it under a temporary name, the old one stops only then (it may hold
// fixed host ports), and goes only when the successor runs. If the successor
// does not start, the old one is put back.
func (c converger) emitRecreate(sl *survey.Slot) {
	old := *sl.Old
	successor := successorOf(sl)
	creation := plan.CreateContainer{Spec: c.createSpec(sl, successor.Name), Replaces: engine.Ref{ID: old.ID, Name: sl.Name}}
	discard := []plan.Action{plan.RemoveContainer{Target: successor, Volumes: true}}
	restore := append(slices.Clone(discard), c.revive(sl)...)

	var ready []*plan.Handle // the successor exists and the old one is down
	if sl.Runs() && sl.Apart {
		stopped := c.out.Stop(sl, sl.Why, c.stopNeeds(sl))
		for _, n := range c.f.replacedNetworks(old) {
			stopped = append(stopped, c.networks[n.Key]) // where the old one is put back if need be
		}
		made := c.out.Put(sl.Create, sl.Of, "create", creation, sl.Why, slices.Concat(c.createNeeds(sl), stopped)...)
		made.Finish, made.OnFailure = true, c.revive(sl)
		finishFor(sl.Svc.Service, c.networks, c.volumes)
		ready = c.copyBeforeStart(sl, successor, made, restore)
	} else {
		made := c.out.Put(sl.Create, sl.Of, "create", creation, sl.Why, c.createNeeds(sl)...)
		ready = c.copyBeforeStart(sl, successor, made, discard)
		if sl.Runs() {
			ready = c.stopForSuccessor(sl, ready, append(slices.Clone(discard), c.reviveDependents(sl)...))
		}
	}
	if sl.Starts {
		started := c.out.Start(sl, successor, slices.Concat(ready, c.out.DependencyNeeds(sl.Svc), awaitsOf(sl)))
		started.Finish, started.OnFailure = sl.Runs(), restore
		ready = []*plan.Handle{started}
	}
	c.retire(sl, successor, ready)
}

// successorOf addresses the container that takes over before it has its name.
func successorOf(sl *survey.Slot) engine.Ref {
	return engine.Ref{Name: project.TemporaryName(sl.Old.ID, sl.Name)}
}

// copyBeforeStart fills the successor while the old container still runs.
func (c converger) copyBeforeStart(sl *survey.Slot, successor engine.Ref, made *plan.Handle, undo []plan.Action) []*plan.Handle {
	if !sl.Starts {
		return []*plan.Handle{made}
	}
	return c.out.CopyFiles(sl, successor, []*plan.Handle{made}, sl.Apart && sl.Runs(), undo)
}

// stopForSuccessor stops the old container once the new one is there.
func (c converger) stopForSuccessor(sl *survey.Slot, made []*plan.Handle, undo []plan.Action) []*plan.Handle {
	hooks, needs := c.out.PreStop(sl, sl.Why, slices.Concat(made, c.stopNeeds(sl)))
	stop := c.out.Put(sl.Stop, sl.Of, "stop", plan.StopContainer{Target: sl.Old.Ref, Grace: c.out.Opt.Grace}, sl.Why, needs...)
	for _, step := range append(hooks, stop) {
		step.OnFailure = undo
	}
	return []*plan.Handle{stop}
}

// retire removes the old container and gives its name to the successor. Once the
// successor is what counts nothing keeps it from its name.
func (c converger) retire(sl *survey.Slot, successor engine.Ref, needs []*plan.Handle) {
	needs = slices.Concat(needs, c.out.Bringing.All)
	for _, n := range c.f.replacedNetworks(*sl.Old) {
		needs = append(needs, sl.Leaves[n.Key])
	}
	removed := c.out.RemoveOld(sl, "replaced", needs)
	renamed := c.out.Put(sl.Rename, sl.Of, "rename", plan.RenameContainer{Target: successor, Name: sl.Name}, "takes over the name of the container it replaces", removed)
	removed.Finish, renamed.Finish = true, true
	if sl.Starts {
		c.out.PostStart(sl, renamed)
	}
}

// revive starts the old container, and what was stopped for its sake, again.
// One that lived in the namespace of a container that is gone cannot be.
func (c converger) revive(sl *survey.Slot) []plan.Action {
	if !sl.Runs() || c.f.joinsReplaced(sl, false) {
		return nil
	}
	var actions []plan.Action
	for _, n := range c.f.replacedNetworks(*sl.Old) {
		actions = append(actions, plan.ConnectNetwork{Target: sl.Old.Ref, Endpoint: c.endpoint(*sl.Old, n.Network)})
	}
	actions = append(actions, plan.StartContainer{Target: sl.Old.Ref, Service: sl.Svc.Name})
	return append(actions, c.reviveDependents(sl)...)
}

// reviveDependents starts what was stopped for the sake of the old container.
func (c converger) reviveDependents(sl *survey.Slot) []plan.Action {
	var actions []plan.Action
	for _, sv := range c.f.dependents[sl.Svc.Name] {
		if !slices.ContainsFunc(sv.DependsOn, func(d project.Dependency) bool { return d.Service == sl.Svc.Name && d.Restart }) {
			continue
		}
		for _, dependent := range sv.Slots {
			if dependent.Early && dependent.Stops() {
				actions = append(actions, plan.StartContainer{Target: dependent.Old.Ref, Service: sv.Name})
			}
		}
	}
	return actions
}

// emitRebuild removes a container before its successor is made: it holds a
// volume that is made anew, or is half removed already.
func (c converger) emitRebuild(sl *survey.Slot) {
	needs := slices.Concat(c.out.Bringing.All, sl.First)
	if !sl.Old.State.HalfRemoved() { // else nothing is lost that could be kept for longer
		needs = c.stopNeeds(sl)
	}
	if sl.Runs() {
		needs = c.out.Stop(sl, sl.Why, needs)
	}
	removed := c.out.RemoveOld(sl, sl.Why, needs)
	if sl.Runs() {
		removed.Finish = true
		finishFor(sl.Svc.Service, c.networks, c.volumes)
	}
	c.emitCreate(sl, removed)
}

// finishFor has the networks and volumes of the service made whatever happens
// elsewhere: a container of it is down until they are.
func finishFor(s *project.Service, networks, volumes map[string]*plan.Handle) {
	for _, key := range s.Networks {
		networks[key].Finishes()
	}
	for _, key := range s.Volumes {
		volumes[key].Finishes()
	}
}

// keepVolumesOfRebuilt keeps removals from taking an anonymous volume along that a
// rebuilt container will mount again: in between nothing mounts it.
func (c converger) keepVolumesOfRebuilt() {
	for _, sl := range c.f.holders {
		if sl.Fate != fate.Rebuild {
			continue
		}
		for _, in := range sl.Inherit {
			for _, o := range c.out.Have.Containers {
				if r, gone := c.out.Removals[o.ID]; gone && o.MountsVolume(in.Volume) {
					r.Volumes = false
					c.out.Removals[o.ID] = r
				}
			}
		}
	}
}

// emitPreStart runs the pre_start hooks of a service once, when all of its
// containers that start are made and none of it runs any more. If a hook fails
// nothing of the service starts, and what was stopped for it is put back.
func (c converger) emitPreStart(sv *survey.Service) {
	starting := slices.DeleteFunc(slices.Clone(sv.Slots), func(sl *survey.Slot) bool { return !sl.Starts })
	runs := slices.ContainsFunc(sv.Slots, func(sl *survey.Slot) bool { return sl.Fate.Keeps() && sl.Runs() && sl.Fate != fate.StartLater })
	if len(sv.PreStart) == 0 || len(starting) == 0 || runs || sv.Follower {
		return
	}
	var needs []*plan.Handle
	var undo []plan.Action
	finish := false
	for _, sl := range starting {
		needs, undo, finish = slices.Concat(needs, sl.Steps.Start.Needs()), slices.Concat(undo, sl.Steps.Start.OnFailure), finish || sl.Steps.Start.Finish
	}
	beside := starting[0].Ref()
	if starting[0].Fate == fate.Recreate {
		beside = successorOf(starting[0])
	}
	hooks := c.out.PreStart(sv, beside, needs)
	for _, hook := range hooks {
		hook.Finish, hook.OnFailure = finish, undo
	}
	for _, sl := range starting {
		sl.Steps.Start.Need(hooks...)
	}
}
