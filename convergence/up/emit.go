package up

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// emitSlot adds the steps of one replica.
func (u *up) emitSlot(sl *slot) {
	switch sl.fate {
	case keep:
		u.emitKept(sl)
	case create:
		u.emitCreate(sl, "", nil)
	case recreate:
		u.emitRecreate(sl)
	case rebuild:
		u.emitRebuild(sl)
	}
}

// starts reports whether the plan starts the slot's container.
func (u *up) starts(sl *slot) bool {
	if u.opt.NoStart {
		return false
	}
	if sl.fate != keep || sl.bounce != "" {
		return true
	}
	return (!engine.Alive(*sl.old) || u.ending(sl)) && !sl.svc.guest
}

// startID is the step after which the slot's processes run; empty if they run already.
func (u *up) startID(sl *slot) plan.StepID {
	switch {
	case u.starts(sl):
		return sl.id + "/start"
	case u.unpauses(sl):
		return sl.id + "/unpause"
	}
	return ""
}

// ending reports whether an earlier command still stops a container that stays.
func (u *up) ending(sl *slot) bool {
	if sl.fate != keep || sl.bounce != "" || sl.svc.guest {
		return false
	}
	_, stopping := u.have.IsStopping(*sl.old)
	return stopping
}

func (u *up) unpauses(sl *slot) bool {
	return !u.opt.NoStart && !u.ending(sl) && sl.fate == keep && sl.bounce == "" && sl.old.State == engine.Paused && !sl.svc.guest
}

// upID is the step after which dependents may start: the last post_start hook,
// or the start itself.
func (u *up) upID(sl *slot) plan.StepID {
	if n := len(sl.svc.PostStart); n > 0 && u.starts(sl) {
		return sl.id + plan.StepID(fmt.Sprintf("/post_start-%d", n-1))
	}
	return u.startID(sl)
}

// namedID is the step after which the container has its final name.
func (u *up) namedID(sl *slot) plan.StepID {
	switch sl.fate {
	case create, rebuild:
		return sl.id + "/create"
	case recreate:
		return sl.id + "/rename"
	}
	if len(sl.first) > 0 {
		return sl.first[len(sl.first)-1]
	}
	return ""
}

// ref addresses the container as it will be once everything is done.
func (sl *slot) ref() engine.Ref {
	if sl.fate == keep {
		return engine.Ref{ID: sl.old.ID, Name: sl.old.Name}
	}
	return engine.Ref{Name: sl.name}
}

// emitKept leaves, unpauses, starts or bounces a container that stays.
func (u *up) emitKept(sl *slot) {
	c := *sl.old
	nets := u.replacedNetworks(c)
	if u.unpauses(sl) {
		u.Add(sl.id+"/unpause", plan.UnpauseContainer{Target: sl.ref()}, "paused", append(u.conditions(sl.svc), sl.first...)...)
		return
	}
	if !u.starts(sl) && len(nets) == 0 {
		if engine.Alive(c) {
			u.Kept = append(u.Kept, sl.ref())
			u.conditions(sl.svc) // what it runs on is to be well, too
		}
		return
	}
	needs := slices.Clone(sl.first)
	if u.ending(sl) && u.starts(sl) {
		stopping, _ := u.have.IsStopping(c)
		needs = []plan.StepID{u.Add(sl.id+"/end", plan.AwaitEnd{Target: c.Ref, Service: sl.svc.Name, Stopping: stopping}, plan.StillStopped, needs...)}
	}
	if stop := sl.stopID(); stop != "" {
		needs = u.stopWithHooks(sl.svc.Service, c, sl.id, sl.bounce, u.stopNeeds(sl))
	}
	for _, np := range nets {
		id := sl.id + "/connect " + plan.StepID(np.Key)
		connect := plan.ConnectNetwork{Target: c.Ref, Endpoint: u.endpoint(c, np.Network)}
		needs = append(needs, u.Add(id, connect, np.replace, sl.id+"/disconnect "+plan.StepID(np.Key), np.ready))
		u.Last().Finish = true
	}
	if u.starts(sl) {
		u.emitStart(sl, c.Ref, startReason(sl), needs, nil)
	}
}

// startReason says why a container that is there is started.
func startReason(sl *slot) string {
	c := *sl.old
	switch {
	case sl.bounce != "":
		return sl.bounce
	case engine.Alive(c):
		return plan.StoppedEarlier
	case c.State == engine.Created:
		return "created, but not started"
	case c.ExitCode == 0 && !sl.svc.Restart.Restarts():
		return "finished with code 0; a one-shot runs again on every up"
	}
	return fmt.Sprintf("exited with code %d", c.ExitCode)
}

// stopNeeds is what has to happen before the slot's container may be stopped:
// all images there, repairs, dependents that stop with it, and, unless others
// wait for the stop, dependencies ready, so that it runs as long as it can.
func (u *up) stopNeeds(sl *slot) []plan.StepID {
	needs := slices.Concat(u.imageSteps, sl.first)
	for _, sp := range u.order {
		if sp == sl.svc || !slices.ContainsFunc(sp.DependsOn, func(d project.Dependency) bool { return d.Service == sl.svc.Name }) {
			continue
		}
		for _, dependent := range sp.slots {
			if dependent.early {
				needs = append(needs, dependent.stopID())
			}
		}
	}
	if sl.early {
		return append(needs, u.successors(sl.svc.Service, map[string]bool{})...)
	}
	needs = append(needs, u.dependencyNeeds(sl.svc)...)
	return append(needs, sl.awaits...)
}

// successors are the steps that make the new containers of what the service is
// to restart with: what cannot be made stops nobody.
func (u *up) successors(s *project.Service, seen map[string]bool) []plan.StepID {
	var made []plan.StepID
	for _, d := range s.DependsOn {
		dep := u.services[d.Service]
		if dep == nil || !d.Restart || seen[d.Service] {
			continue
		}
		seen[d.Service] = true
		ahead := len(creation.JoinedBy(dep.Service)) == 0 && !u.needsReplaced(dep.Service) // else its creation may wait for the stop
		for _, sl := range dep.slots {
			if !ahead || sl.fate != recreate || sl.apart {
				continue
			}
			for _, id := range []plan.StepID{sl.id + "/create", sl.id + "/copy"} {
				if slices.ContainsFunc(u.Steps, func(s plan.Step) bool { return s.ID == id }) {
					made = append(made, id)
				}
			}
		}
		made = append(made, u.successors(dep.Service, seen)...)
	}
	return made
}

// createNeeds is what has to exist before a container of the slot can. What is
// new waits for every image: one that cannot be had leaves nothing half done.
func (u *up) createNeeds(sl *slot) []plan.StepID {
	s := sl.svc.Service
	needs := append(slices.Clone(sl.first), u.images[engine.ServiceImage(s).Plain()])
	if sl.fate == create {
		needs = append(needs, u.imageSteps...)
	}
	needs = append(needs, u.providers(s)...)
	if u.starts(sl) {
		needs = append(needs, u.models(sl.svc)...)
	}
	for _, ref := range engine.VolumeImages(u.want, s) {
		needs = append(needs, u.images[ref])
	}
	if joinsNetworks(s) {
		for _, key := range s.Networks {
			if np := u.networks[key]; np != nil {
				needs = append(needs, np.ready)
			}
		}
	}
	for _, key := range s.Volumes {
		if vp := u.volumes[key]; vp != nil {
			needs = append(needs, vp.ready)
		}
	}
	for _, ns := range creation.JoinedBy(s) {
		dep := u.services[ns.Service]
		switch {
		case dep == nil:
		case ns.Attribute == creation.ByLinks: // to all of its containers
			for _, other := range dep.slots {
				needs = append(needs, u.namedID(other))
			}
		default:
			if first := firstByName(dep.slots); first != nil {
				needs = append(needs, u.namedID(first))
			}
		}
	}
	return needs
}

// createSpec asks for the slot's container under a name.
func (u *up) createSpec(sl *slot, name string, inherit []engine.InheritedVolume) engine.CreateSpec {
	s := sl.svc.Service
	spec := engine.CreateSpec{
		Project: u.want, Service: s, Name: name, Number: sl.number,
		Labels: creation.ContainerLabels(u.want, s, sl.number, false), Refs: sl.refs, Unlinked: u.unlinked(s), Inherit: inherit,
	}
	if hash, err := s.HashResolved(sl.ids); err == nil {
		spec.Labels[project.LabelConfigHash] = string(hash)
	}
	spec.Labels[project.LabelName] = sl.name
	if s.Restart.Owner() == restartpolicy.Supervisor {
		spec.RestartPolicy = string(restartpolicy.No) // two owners would both restart it
	}
	if len(inherit) > 0 {
		spec.Labels[project.LabelReplace] = s.ContainerName
		if s.ContainerName == "" {
			spec.Labels[project.LabelReplace] = s.Name + u.want.Separator + strconv.Itoa(sl.number)
		}
	}
	if local, ok := u.have.Image(engine.ServiceImage(s)); ok && !u.fresh[engine.ServiceImage(s).Plain()] {
		spec.ImageID = local.ID
		spec.Labels[project.LabelImage] = local.Digest
	}
	mounted := engine.VolumeImages(u.want, s)
	if !slices.ContainsFunc(mounted, func(r engine.ImageRef) bool { return u.fresh[r] }) {
		if label := engine.ImageVolumeLabel(u.want, s, u.have); label != "" {
			spec.Labels[project.LabelImageVolume] = label
		}
	}
	return spec
}

// emitCreate makes a container under its final name and starts it.
func (u *up) emitCreate(sl *slot, after plan.StepID, inherit []engine.InheritedVolume) {
	spec := u.createSpec(sl, sl.name, inherit)
	made := u.Add(sl.id+"/create", plan.CreateContainer{Spec: spec}, sl.why, append(u.createNeeds(sl), after)...)
	u.Last().Finish = after != ""
	if u.starts(sl) {
		u.emitStart(sl, engine.Ref{Name: sl.name}, sl.why, []plan.StepID{made}, nil)
	}
}

// emitStart copies what is no host file into the container, starts it and runs
// its post_start hooks. restore is done if the start fails.
func (u *up) emitStart(sl *slot, target engine.Ref, why string, needs []plan.StepID, restore []plan.Action) {
	if sl.fate == keep { // what is made waits for them before it is made
		needs = slices.Concat(needs, u.models(sl.svc))
	}
	needs = u.emitCopy(sl, target, needs, sl.stopID() != "", restore)
	u.Add(sl.id+"/start", plan.StartContainer{Target: target, Service: sl.svc.Name}, why,
		slices.Concat(needs, u.dependencyNeeds(sl.svc), sl.awaits)...)
	u.Last().Finish = sl.stopID() != ""
	u.Last().OnFailure = restore
	if sl.fate != recreate {
		u.emitPostStart(sl, sl.id+"/start")
	}
}

func (u *up) emitCopy(sl *slot, target engine.Ref, needs []plan.StepID, finish bool, restore []plan.Action) []plan.StepID {
	files := creation.ContainerFiles(u.want, sl.svc.Service)
	if len(files) == 0 {
		return needs
	}
	copied := u.Add(sl.id+"/copy", plan.CopyFiles{Target: target, Files: files}, "configs and secrets that are no host files", needs...)
	u.Last().Finish, u.Last().OnFailure = finish, restore
	return []plan.StepID{copied}
}

func (u *up) emitPostStart(sl *slot, after plan.StepID) {
	for i, h := range sl.svc.PostStart {
		run := plan.RunHook{Target: sl.ref(), Service: sl.svc.Name, Kind: "post_start", Index: i, Hook: h}
		after = u.Add(sl.id+plan.StepID(fmt.Sprintf("/post_start-%d", i)), run, "it has started", after)
	}
}
