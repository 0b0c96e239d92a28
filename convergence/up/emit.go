package up

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// converger writes the plans that bring services in line.
type converger struct {
	*emitter
	f *fates
}

// write turns the fates into steps.
func write(f *fates) *emitter {
	c := converger{newEmitter(f.world, f.services, timing{f.opt.NoStart, f.opt.Timeout, f.opt.WaitTimeout, f.opt.Settle}), f}
	c.reserve()
	c.bringing = f.images.Emit(&c.Draft)
	for _, sv := range f.converged {
		c.emitRepairs(sv)
	}
	c.emitOrphans()
	c.emitNetworks()
	c.emitVolumes()
	for _, sv := range f.order {
		for _, sl := range sv.slots {
			c.emitSlot(sl)
		}
		c.emitPreStart(sv)
		c.emitProvider(sv)
	}
	c.removeRenamedNetworks()
	c.dropAnonymous(f.inherited())
	c.waitForNames()
	c.waitForTargets()
	if f.oneOff != nil {
		c.emitOneOff(f.oneOff)
	}
	return c.emitter
}

// reserve makes the steps that others wait for before they are added.
func (c converger) reserve() {
	for _, sv := range c.f.order {
		for _, sl := range slices.Concat(sv.slots, sv.surplus) {
			c.reserveSlot(sl)
			for _, rival := range sl.rivals {
				c.reserveSlot(rival)
			}
		}
	}
	for _, sl := range c.f.orphans {
		c.reserveSlot(sl)
	}
	for _, sv := range c.f.services {
		if c.f.asks(sv) {
			c.providers[sv.Name] = &plan.Handle{}
		}
	}
	c.spareRebuilt()
	for key, n := range c.f.networks {
		if n.create || n.replace != "" || len(n.twins) > 0 {
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
func (c converger) emitRepairs(sv *service) {
	found := slices.Concat(sv.slots, sv.surplus)
	slices.SortStableFunc(found, func(a, b *slot) int { return a.number - b.number })
	for _, sl := range found {
		for _, rival := range sl.rivals {
			sl.first = append(sl.first, c.discard(rival, c.bringing.All))
		}
		if sl.misfit != "" {
			sl.renamed = c.Add(sl.of, "repair-rename", plan.RenameContainer{Target: engine.Ref{ID: sl.old.ID, Name: sl.misfit}, Name: sl.old.Name},
				"an interrupted run left it with a temporary name", sl.first...)
			sl.first = append(sl.first, sl.renamed)
		}
	}
	for _, sl := range sv.surplus {
		c.discard(sl, slices.Concat(c.bringing.All, sl.first))
	}
}

// emitOrphans removes the orphans that go, and tells of the others.
func (c converger) emitOrphans() {
	for _, sl := range c.f.orphans {
		c.discard(sl, c.bringing.All)
	}
	if len(c.f.left) > 0 && !c.f.opt.IgnoreOrphans {
		c.Warn("Found orphan containers ([%s]) for this project; --remove-orphans removes them", strings.Join(c.f.left, " "))
	}
}

// emitSlot adds the steps of one replica.
func (c converger) emitSlot(sl *slot) {
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
func (c converger) emitKept(sl *slot) {
	if sl.Fate == fate.Unpause {
		c.Put(sl.start, sl.of, "unpause", plan.UnpauseContainer{Target: sl.ref()}, sl.Why, append(c.conditions(sl.svc), sl.first...)...)
		return
	}
	replaced := c.f.replacedNetworks(*sl.old)
	if !sl.Starts && len(replaced) == 0 {
		if sl.runs() {
			c.Kept = append(c.Kept, sl.ref())
			c.conditions(sl.svc) // what it runs on is to be well, too
		}
		return
	}
	needs := slices.Clone(sl.first)
	if sl.Fate == fate.StartLater {
		needs = []*plan.Handle{c.awaitEnd(sl, needs)}
	}
	if sl.stops() {
		needs = c.stop(sl, sl.Why, c.stopNeeds(sl))
	}
	for _, n := range replaced {
		connect := plan.ConnectNetwork{Target: sl.old.Ref, Endpoint: c.endpoint(*sl.old, n.Network)}
		connected := c.Add(sl.of, "connect "+n.Key, connect, n.replace, sl.leaves[n.Key], c.networks[n.Key])
		connected.Finish = true
		needs = append(needs, connected)
	}
	if sl.Starts {
		c.startInPlace(sl, append(needs, c.prepareModels(sl.svc)...))
	}
}

// emitCreate makes a container under its final name and starts it.
func (c converger) emitCreate(sl *slot, after *plan.Handle) {
	spec := c.createSpec(sl, sl.name)
	made := c.Put(sl.create, sl.of, "create", plan.CreateContainer{Spec: spec}, sl.Why, append(c.createNeeds(sl), after)...)
	made.Finish = after != nil
	if sl.Starts {
		c.startInPlace(sl, []*plan.Handle{made})
	}
}

// startInPlace copies what is no host file into the container, starts it under
// the name that it has and runs its post_start hooks.
func (c converger) startInPlace(sl *slot, needs []*plan.Handle) {
	needs = c.copyFiles(sl, sl.ref(), needs, sl.stops(), nil)
	needs = slices.Concat(needs, c.dependencyNeeds(sl.svc), awaitsOf(sl))
	c.start(sl, sl.ref(), needs).Finish = sl.stops()
	c.postStart(sl, sl.start)
}

// awaitsOf are the steps after which what the slot needs is free.
func awaitsOf(sl *slot) []*plan.Handle {
	var free []*plan.Handle
	for _, holder := range sl.awaits {
		free = append(free, holder.left())
	}
	return free
}

// stopNeeds is what has to happen before the slot's container may be stopped:
// all images there, repairs, dependents that stop with it, and, unless others
// wait for the stop, dependencies ready, so that it runs as long as it can.
func (c converger) stopNeeds(sl *slot) []*plan.Handle {
	needs := slices.Concat(c.bringing.All, sl.first)
	for _, sv := range c.f.dependents[sl.svc.Name] {
		if sv == sl.svc {
			continue
		}
		for _, dependent := range sv.slots {
			if dependent.early {
				needs = append(needs, dependent.stop)
			}
		}
	}
	if sl.early {
		return append(needs, c.successors(sl.svc, map[string]bool{})...)
	}
	needs = append(needs, c.dependencyNeeds(sl.svc)...)
	return append(needs, awaitsOf(sl)...)
}

// successors are the steps that make the new containers of what the service is
// to restart with: what cannot be made stops nobody.
func (c converger) successors(sv *service, seen map[string]bool) []*plan.Handle {
	var made []*plan.Handle
	for _, d := range sv.DependsOn {
		dep := c.services[d.Service]
		if dep == nil || !d.Restart || seen[d.Service] {
			continue
		}
		seen[d.Service] = true
		ahead := len(creation.JoinedBy(dep.Service)) == 0 && !c.f.needsReplaced(dep.Service) // else its creation may wait for the stop
		for _, sl := range dep.slots {
			if !ahead || sl.Fate != fate.Recreate || sl.apart || !sl.create.Added() {
				continue
			}
			made = append(made, sl.create, sl.copy)
		}
		made = append(made, c.successors(dep, seen)...)
	}
	return made
}

// waitForTargets adds what `up --wait` waits for.
func (c converger) waitForTargets() {
	if !c.f.opt.Wait || c.f.opt.NoStart {
		return
	}
	for _, sv := range c.f.order {
		if !c.f.named[sv.Name] || sv.follower {
			continue
		}
		completes := len(c.want.Dependents(sv.Name, func(d project.Dependency) bool { return d.Condition == project.Completed })) > 0
		switch {
		case completes: // somebody depends on its completion
			c.await(sv, project.Completed, false)
		case c.awaits[awaited{sv.Name, project.Healthy, false}] == nil: // healthy is more than ready
			c.await(sv, plan.RunningOrHealthy, false)
		}
	}
}
