package up

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/engine"
)

// steps are those of a slot that other steps wait for, as far as its fate has
// them: they are there before they are added to the plan.
type steps struct {
	first   []*plan.Handle // repairs of an interrupted run
	renamed *plan.Handle   // of the repairs, the one that gives the container its name back
	stop    *plan.Handle   // of the container that is there
	remove  *plan.Handle   // of that one
	create  *plan.Handle
	copy    *plan.Handle
	rename  *plan.Handle            // of the successor
	start   *plan.Handle            // after it the processes of the slot run
	hooks   []*plan.Handle          // post_start
	aside   *plan.Handle            // takes the name from the container that is there
	leaves  map[string]*plan.Handle // disconnects from networks, by key
}

// reserve makes the steps of a slot that others may wait for.
func (s *slot) reserve() {
	if s.stops() {
		s.stop = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Remove {
		s.remove = &plan.Handle{}
	}
	if s.Fate.Replaces() || s.Fate == fate.Create {
		s.create = &plan.Handle{}
	}
	if s.Fate == fate.Recreate {
		s.rename = &plan.Handle{}
	}
	if s.begins() {
		s.start = &plan.Handle{}
	}
	if s.Starts || s.Fate == fate.Restart {
		for range s.svc.PostStart {
			s.hooks = append(s.hooks, &plan.Handle{})
		}
	}
}

// ready is the step after which dependents may start: the last post_start hook,
// or the start itself; nil if the slot runs already.
func (s *slot) ready() *plan.Handle {
	if n := len(s.hooks); n > 0 {
		return s.hooks[n-1]
	}
	return s.start
}

// named is the step after which the container has its final name.
func (s *slot) named() *plan.Handle {
	switch {
	case s.Fate == fate.Recreate:
		return s.rename
	case s.create != nil:
		return s.create
	case len(s.first) > 0:
		return s.first[len(s.first)-1]
	}
	return nil
}

// left is the step after which nothing of the slot's container is in the way.
func (s *slot) left() *plan.Handle {
	if s.Fate == fate.Remove {
		return s.remove
	}
	return s.stop
}

// emitter writes plans. What it writes about has its fate already: it decides
// nothing but which step waits for which.
type emitter struct {
	plan.Draft
	*world
	opt       UpOptions
	services  map[string]*service
	bringing  images.Steps
	networks  map[string]*plan.Handle // by key, the step after which it is there
	volumes   map[string]*plan.Handle // the same
	removals  map[string]removal      // by container ID
	awaits    map[awaited]*plan.Handle
	models    map[string]*plan.Handle
	providers map[string]*plan.Handle // by service
}

func newEmitter(w *world, services map[string]*service, opt UpOptions) *emitter {
	return &emitter{
		Draft: plan.Draft{Notes: w.notes}, world: w, services: services, opt: opt,
		networks: map[string]*plan.Handle{}, volumes: map[string]*plan.Handle{}, removals: map[string]removal{},
		awaits: map[awaited]*plan.Handle{}, models: map[string]*plan.Handle{}, providers: map[string]*plan.Handle{},
	}
}

// converger writes the plans that bring services in line.
type converger struct {
	*emitter
	f *fates
}

// emit turns the fates into steps.
func emit(f *fates) *emitter {
	c := converger{newEmitter(f.world, f.services, f.opt), f}
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

func (e *emitter) reserveSlot(sl *slot) {
	sl.reserve()
	if sl.remove != nil {
		e.removals[sl.old.ID] = removal{step: sl.remove, of: sl.of, volumes: sl.Fate != fate.Rebuild || len(sl.inherit) == 0}
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
	if len(c.f.left) > 0 && !c.opt.IgnoreOrphans {
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
