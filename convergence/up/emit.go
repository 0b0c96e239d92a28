package up

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/emit"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// converger writes the plans that bring services in line.
type converger struct {
	out      *emit.Emitter
	f        *fates
	networks map[string]*plan.Handle // by key, the step after which it is there
	volumes  map[string]*plan.Handle // the same
	models   map[string]*plan.Handle
}

// emitPlan turns the fates into steps.
func emitPlan(f *fates) *emit.Emitter {
	timing := emit.Timing{NoStart: f.targets.opt.NoStart, Grace: f.targets.opt.Timeout, Timeout: f.targets.opt.WaitTimeout, Settle: f.targets.opt.Settle}
	c := converger{
		out: emit.New(f.targets.World, f.services, timing), f: f,
		networks: map[string]*plan.Handle{}, volumes: map[string]*plan.Handle{}, models: map[string]*plan.Handle{},
	}
	c.reserve()
	c.out.Bringing = f.images.Emit(&c.out.Draft)
	for _, sv := range f.targets.converged {
		c.emitRepairs(sv)
	}
	c.emitOrphans()
	c.emitNetworks()
	c.emitVolumes()
	for _, sv := range f.order {
		for _, sl := range sv.Slots {
			c.emitSlot(sl)
		}
		c.emitPreStart(sv)
		c.emitProvider(sv)
	}
	c.removeRenamedNetworks()
	c.out.DropAnonymous(f.inherited())
	c.waitForNames()
	c.waitForTargets()
	if f.targets.oneOff != nil {
		c.emitOneOff(f.targets.oneOff)
	}
	return c.out
}

// reserve makes the steps that others wait for before they are added.
func (c converger) reserve() {
	for _, sv := range c.f.order {
		for _, sl := range slices.Concat(sv.Slots, sv.Surplus) {
			c.out.ReserveSlot(sl)
			for _, rival := range sl.Duplicates {
				c.out.ReserveSlot(rival)
			}
		}
	}
	for _, sl := range c.f.orphans {
		c.out.ReserveSlot(sl)
	}
	for _, sv := range c.f.services {
		if c.f.runsProvider(sv) {
			c.out.Providers[sv.Name] = &plan.Handle{}
		}
	}
	c.keepVolumesOfRebuilt()
	for key, n := range c.f.networks {
		if n.create || n.replace != "" || len(n.duplicates) > 0 {
			c.networks[key] = &plan.Handle{}
		}
	}
	for key, v := range c.f.volumes {
		if v.create || v.replace != "" {
			c.volumes[key] = &plan.Handle{}
		}
	}
}

// emitRepairs puts in order what an interrupted run left behind, and removes
// replicas that are too many.
func (c converger) emitRepairs(sv *survey.Service) {
	found := slices.Concat(sv.Slots, sv.Surplus)
	slices.SortStableFunc(found, func(a, b *survey.Slot) int { return a.Number - b.Number })
	for _, sl := range found {
		for _, rival := range sl.Duplicates {
			sl.First = append(sl.First, c.out.Discard(rival, c.out.Bringing.All))
		}
		if sl.TemporaryName != "" {
			sl.Renamed = c.out.Add(sl.Of, "repair-rename", plan.RenameContainer{Target: engine.Ref{ID: sl.Old.ID, Name: sl.TemporaryName}, Name: sl.Old.Name},
				"left with a temporary name by an interrupted run", sl.First...)
			sl.First = append(sl.First, sl.Renamed)
		}
	}
	for _, sl := range sv.Surplus {
		c.out.Discard(sl, slices.Concat(c.out.Bringing.All, sl.First))
	}
}

// emitOrphans removes the orphans that go, and tells of the others.
func (c converger) emitOrphans() {
	for _, sl := range c.f.orphans {
		c.out.Discard(sl, c.out.Bringing.All)
	}
	if len(c.f.left) > 0 && !c.f.targets.opt.IgnoreOrphans {
		c.out.Warn("Found orphan containers ([%s]) for this project; use --remove-orphans to remove them", strings.Join(c.f.left, " "))
	}
}

// emitSlot adds the steps of one replica.
func (c converger) emitSlot(sl *survey.Slot) {
	switch sl.Fate {
	case fate.Create:
		c.emitCreate(sl, nil)
	case fate.Recreate:
		c.emitRecreate(sl)
	case fate.Rebuild:
		c.emitRebuild(sl)
	default:
		c.emitKept(sl)
	}
}

// emitKept leaves, unpauses, starts or bounces a container that stays.
func (c converger) emitKept(sl *survey.Slot) {
	if sl.Fate == fate.Unpause {
		c.out.Put(sl.Start, sl.Of, "unpause", plan.UnpauseContainer{Target: sl.Ref()}, sl.Why, append(c.out.Conditions(sl.Svc), sl.First...)...)
		return
	}
	replaced := c.f.replacedNetworks(*sl.Old)
	if !sl.Starts && len(replaced) == 0 {
		if sl.Runs() {
			c.out.Kept = append(c.out.Kept, sl.Ref())
			c.out.Conditions(sl.Svc) // what it runs on is to be well, too
		}
		return
	}
	needs := slices.Clone(sl.First)
	if sl.Fate == fate.StartLater {
		needs = []*plan.Handle{c.out.AwaitEnd(sl, needs)}
	}
	if sl.Stops() {
		needs = c.out.Stop(sl, sl.Why, c.stopNeeds(sl))
	}
	for _, n := range replaced {
		connect := plan.ConnectNetwork{Target: sl.Old.Ref, Endpoint: c.endpoint(*sl.Old, n.Network)}
		connected := c.out.Add(sl.Of, "connect "+n.Key, connect, n.replace, sl.Leaves[n.Key], c.networks[n.Key])
		connected.Finish = true
		needs = append(needs, connected)
	}
	if sl.Starts {
		c.startInPlace(sl, append(needs, c.prepareModels(sl.Svc)...))
	}
}

// emitCreate makes a container under its final name and starts it.
func (c converger) emitCreate(sl *survey.Slot, after *plan.Handle) {
	spec := c.createSpec(sl, sl.Name)
	made := c.out.Put(sl.Create, sl.Of, "create", plan.CreateContainer{Spec: spec}, sl.Why, append(c.createNeeds(sl), after)...)
	made.Finish = after != nil
	if sl.Starts {
		c.startInPlace(sl, []*plan.Handle{made})
	}
}

// startInPlace copies what is no host file into the container, starts it under
// the name that it has and runs its post_start hooks.
func (c converger) startInPlace(sl *survey.Slot, needs []*plan.Handle) {
	needs = c.out.CopyFiles(sl, sl.Ref(), needs, sl.Stops(), nil)
	needs = slices.Concat(needs, c.out.DependencyNeeds(sl.Svc), awaitsOf(sl))
	c.out.Start(sl, sl.Ref(), needs).Finish = sl.Stops()
	c.out.PostStart(sl, sl.Start)
}

// awaitsOf are the steps after which what the slot needs is free.
func awaitsOf(sl *survey.Slot) []*plan.Handle {
	var free []*plan.Handle
	for _, holder := range sl.Awaits {
		free = append(free, holder.Left())
	}
	return free
}

// stopNeeds is what has to happen before the slot's container may be stopped:
// all images there, repairs, dependents that stop with it, and, unless others
// wait for the stop, dependencies ready, so that it runs as long as it can.
func (c converger) stopNeeds(sl *survey.Slot) []*plan.Handle {
	needs := slices.Concat(c.out.Bringing.All, sl.First)
	for _, sv := range c.f.dependents[sl.Svc.Name] {
		if sv == sl.Svc {
			continue
		}
		for _, dependent := range sv.Slots {
			if dependent.Early {
				needs = append(needs, dependent.Stop)
			}
		}
	}
	if sl.Early {
		return append(needs, c.successors(sl.Svc, map[string]bool{})...)
	}
	needs = append(needs, c.out.DependencyNeeds(sl.Svc)...)
	return append(needs, awaitsOf(sl)...)
}

// successors are the steps that make the new containers of what the service is
// to restart with: what cannot be made stops nobody.
func (c converger) successors(sv *survey.Service, seen map[string]bool) []*plan.Handle {
	var made []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := c.out.Services[d.Service]
		if dep == nil || !d.Restart || seen[d.Service] {
			continue
		}
		seen[d.Service] = true
		ahead := len(creation.JoinedBy(dep.Service)) == 0 && !c.f.needsReplaced(dep.Service) // else its creation may wait for the stop
		for _, sl := range dep.Slots {
			if !ahead || sl.Fate != fate.Recreate || sl.Apart || !sl.Create.Added() {
				continue
			}
			made = append(made, sl.Create, sl.Copy)
		}
		made = append(made, c.successors(dep, seen)...)
	}
	return made
}

// waitForTargets adds what `up --wait` waits for.
func (c converger) waitForTargets() {
	if !c.f.targets.opt.Wait || c.f.targets.opt.NoStart {
		return
	}
	for _, sv := range c.f.order {
		if !c.f.targets.named[sv.Name] || sv.Follower {
			continue
		}
		completes := len(c.out.Want.Dependents(sv.Name, func(d project.Dependency) bool { return d.Condition == project.Completed })) > 0
		switch {
		case completes: // somebody depends on its completion
			c.out.Await(sv, project.Completed, false)
		case c.out.Awaits[emit.Awaited{Service: sv.Name, Condition: project.Healthy}] == nil: // healthy is more than ready
			c.out.Await(sv, plan.RunningOrHealthy, false)
		}
	}
}
