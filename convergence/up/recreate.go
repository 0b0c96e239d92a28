package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// emitRecreate replaces a container without losing it: the successor is made
// beside it under a temporary name, the old one stops only then (it may hold
// fixed host ports), and goes only when the successor runs. If the successor
// does not start, the old one is put back.
func (u *up) emitRecreate(sl *slot) {
	old := *sl.old
	successor := engine.Ref{Name: project.TemporaryName(old.ID, sl.name)}
	spec := u.createSpec(sl, successor.Name, u.inherit(sl))
	creation := plan.CreateContainer{Spec: spec, Replaces: engine.Ref{ID: old.ID, Name: sl.name}}
	discard := []plan.Action{plan.RemoveContainer{Target: successor, Volumes: true}}
	restore := append(slices.Clone(discard), u.revive(sl)...)

	var ready []plan.StepID // the successor exists and the old one is down
	if sl.runs() && sl.apart {
		stopped := u.stopWithHooks(sl.svc.Service, old, sl.id, sl.why, u.stopNeeds(sl))
		for _, np := range u.replacedNetworks(old) {
			stopped = append(stopped, np.ready) // where the old one is put back if need be
		}
		made := u.Add(sl.id+"/create", creation, sl.why, slices.Concat(u.createNeeds(sl), stopped)...)
		u.Last().Finish, u.Last().OnFailure = true, u.revive(sl)
		ready = u.copyBeforeStart(sl, successor, []plan.StepID{made}, restore)
	} else {
		made := u.Add(sl.id+"/create", creation, sl.why, u.createNeeds(sl)...)
		ready = u.copyBeforeStart(sl, successor, []plan.StepID{made}, discard)
		if sl.runs() {
			needs := slices.Concat(ready, u.stopNeeds(sl))
			from := len(u.Steps)
			ready = u.stopWithHooks(sl.svc.Service, old, sl.id, sl.why, needs)
			for i := from; i < len(u.Steps); i++ {
				u.Steps[i].OnFailure = append(slices.Clone(discard), u.reviveDependents(sl)...)
			}
		}
	}
	if u.starts(sl) {
		ready = []plan.StepID{u.startSuccessor(sl, successor, ready, restore)}
	}
	u.retire(sl, old, successor, ready)
}

// copyBeforeStart fills the successor while the old container still runs.
func (u *up) copyBeforeStart(sl *slot, successor engine.Ref, needs []plan.StepID, undo []plan.Action) []plan.StepID {
	if !u.starts(sl) {
		return needs
	}
	return u.emitCopy(sl, successor, needs, sl.apart && sl.runs(), undo)
}

func (u *up) startSuccessor(sl *slot, successor engine.Ref, needs []plan.StepID, restore []plan.Action) plan.StepID {
	id := u.Add(sl.id+"/start", plan.StartContainer{Target: successor, Service: sl.svc.Name}, sl.why,
		slices.Concat(needs, u.dependencyNeeds(sl.svc), sl.awaits)...)
	u.Last().Finish = sl.runs()
	u.Last().OnFailure = restore
	return id
}

// retire removes the old container and gives its name to the successor. Once the
// successor is what counts nothing keeps it from its name.
func (u *up) retire(sl *slot, old engine.Container, successor engine.Ref, needs []plan.StepID) {
	from := len(u.Steps)
	needs = slices.Concat(needs, u.imageSteps)
	for _, np := range u.replacedNetworks(old) {
		needs = append(needs, sl.id+"/disconnect "+plan.StepID(np.Key))
	}
	removed := u.Add(sl.id+"/remove", plan.RemoveContainer{Target: old.Ref, Volumes: true}, "replaced", needs...)
	u.Add(sl.id+"/rename", plan.RenameContainer{Target: successor, Name: sl.name}, "takes the name of the one it replaced", removed)
	for i := from; i < len(u.Steps); i++ {
		u.Steps[i].Finish = true
	}
	if u.starts(sl) {
		u.emitPostStart(sl, sl.id+"/rename")
	}
}

// revive starts the old container, and what was stopped for its sake, again.
// One that lived in the namespace of a container that is gone cannot be.
func (u *up) revive(sl *slot) []plan.Action {
	if !sl.runs() || u.joinsReplaced(sl, false) {
		return nil
	}
	var actions []plan.Action
	for _, np := range u.replacedNetworks(*sl.old) {
		actions = append(actions, plan.ConnectNetwork{Target: sl.old.Ref, Endpoint: u.endpoint(*sl.old, np.Network)})
	}
	actions = append(actions, plan.StartContainer{Target: sl.old.Ref, Service: sl.svc.Name})
	return append(actions, u.reviveDependents(sl)...)
}

// reviveDependents starts what was stopped for the sake of the old container.
func (u *up) reviveDependents(sl *slot) []plan.Action {
	var actions []plan.Action
	for _, sp := range u.order {
		if !slices.ContainsFunc(sp.DependsOn, func(d project.Dependency) bool { return d.Service == sl.svc.Name && d.Restart }) {
			continue
		}
		for _, dependent := range sp.slots {
			if dependent.early && dependent.stopID() != "" {
				actions = append(actions, plan.StartContainer{Target: dependent.old.Ref, Service: sp.Name})
			}
		}
	}
	return actions
}

// emitRebuild removes a container before its successor is made: it holds a
// volume that is made anew, or is half removed already.
func (u *up) emitRebuild(sl *slot) {
	old := *sl.old
	needs := u.stopNeeds(sl)
	if sl.runs() {
		needs = u.stopWithHooks(sl.svc.Service, old, sl.id, sl.why, needs)
	}
	inherit := u.inherit(sl)
	removed := u.Add(sl.id+"/remove", plan.RemoveContainer{Target: old.Ref, Volumes: len(inherit) == 0}, sl.why, needs...)
	u.Last().Finish = sl.runs()
	u.emitCreate(sl, removed, inherit)
}

// inherit are the anonymous volumes that the successor mounts again: those of
// targets that the service declares without a source, and those that the image
// declares, which only the engine knows.
func (u *up) inherit(sl *slot) []engine.InheritedVolume {
	if u.opt.RenewAnonVolumes && u.targets[sl.svc.Name] {
		return nil
	}
	var inherited []engine.InheritedVolume
	for _, m := range sl.old.Mounts {
		if !anonymous(m) {
			continue
		}
		declared, named := creation.MountAt(sl.svc.Service, m.Target)
		if (declared && named) || (!declared && u.borrowed(sl.svc.Service, m)) {
			continue
		}
		inherited = append(inherited, engine.InheritedVolume{Volume: m.Name, Target: m.Target, IfImageVolume: !declared})
	}
	return inherited
}

// borrowed reports whether the mount comes from a container that the service
// names in volumes_from: it comes from there again.
func (u *up) borrowed(s *project.Service, m engine.Mount) bool {
	return slices.ContainsFunc(s.Namespaces, func(n project.NamespaceRef) bool {
		return n.Attribute == "volumes_from" && slices.ContainsFunc(u.have.Of(n.Service), func(c engine.Container) bool { return mountsVolume(c, m.Name) })
	})
}

// inherited are the anonymous volumes that successors mount again.
func (u *up) inherited() map[string]bool {
	names := map[string]bool{}
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.fate != recreate && sl.fate != rebuild {
				continue
			}
			for _, in := range u.inherit(sl) {
				names[in.Volume] = true
			}
		}
	}
	return names
}

// spareRebuilt keeps other removals from taking an anonymous volume along that
// a rebuilt container will mount again: in between nothing mounts it.
func (u *up) spareRebuilt() {
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.fate != rebuild {
				continue
			}
			for _, in := range u.inherit(sl) {
				u.spare(in.Volume)
			}
		}
	}
}

func (u *up) spare(volume string) {
	for _, c := range u.have.Containers {
		if u.gone[c.ID] == "" || !mountsVolume(c, volume) {
			continue
		}
		removal := u.Step(u.gone[c.ID])
		if r, ok := removal.Action.(plan.RemoveContainer); ok {
			r.Volumes = false
			removal.Action = r
		}
	}
}
