package up

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/divergence"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// fates are what becomes of everything that up sees. What a fate depends on is
// gathered here; the fate itself is looked up in the table of package fate.
type fates struct {
	targets    *targets
	images     *images.Set
	networks   map[string]*networkFate      // by key
	volumes    map[string]*volumeFate       // by key
	services   map[string]*survey.Service   // that the plan is about
	order      []*survey.Service            // dependencies first, then the followers
	holders    map[string]*survey.Slot      // by ID of the container that is there
	gone       map[string]bool              // containers that are removed, by ID
	orphans    []*survey.Slot               // that are removed
	dependents map[string][]*survey.Service // by service, of those in order
	left       []string                     // orphans that stay, by name
	diverged   []string                     // volumes that are defined otherwise now and kept
}

// decide gives everything its fate. Services come after those they depend on,
// since what becomes of one may be the reason for another's.
func decide(t *targets) *fates {
	f := &fates{
		targets: t, networks: map[string]*networkFate{}, volumes: map[string]*volumeFate{},
		services: make(map[string]*survey.Service, len(t.converged)), holders: make(map[string]*survey.Slot, len(t.Have.Containers)), gone: map[string]bool{},
	}
	f.targets.checkServices()
	f.images = images.Decide(&f.targets.Notes, f.targets.Want, f.targets.Have, f.targets.scope, images.Options{
		Ready: f.targets.opt.ImagesReady, Pull: f.targets.opt.Pull, Build: f.targets.opt.Build, NoBuild: f.targets.opt.NoBuild, NoHooks: f.targets.opt.NoStart,
		QuietPull: f.targets.opt.QuietPull, QuietBuild: f.targets.opt.QuietBuild, Now: f.targets.opt.Now,
	})
	f.decideNetworks()
	f.decideVolumes()
	for _, sv := range f.targets.converged {
		f.decideService(sv)
	}
	if f.targets.oneOff != nil {
		f.join(f.targets.oneOff.Svc)
	} else {
		f.look().WarnOfGrants(f.targets.scope, f.targets.opt.Recreate == RecreateNever)
	}
	f.decideFollowers()
	f.decideOrphans()
	f.dependents = dependentsOf(f.order)
	f.markStops()
	return f
}

// decideService decides about every container of a service.
func (f *fates) decideService(sv *survey.Service) {
	f.services[sv.Name] = sv
	f.order = append(f.order, sv)
	if sv.Provider {
		return
	}
	joined := f.join(sv)
	facts := f.facts(sv)
	facts.Joined = joined
	for _, sl := range sv.Slots {
		for _, rival := range sl.Duplicates {
			f.gone[rival.Old.ID] = true
		}
		sl.Verdict = fate.Of(f.about(sl, facts))
	}
	f.scale(sv, facts)
	if first := survey.FirstByName(sv.Slots); first != nil && !first.Fate.Keeps() {
		sv.Replaced = first.Why
	}
	for _, sl := range sv.Slots {
		f.noteFate(sl, facts.Dependency)
	}
}

// facts are those that the containers of a service share.
func (f *fates) facts(sv *survey.Service) fate.Facts {
	policy := fate.IfDiverged
	switch f.targets.policy(sv.Name) {
	case RecreateForce:
		policy = fate.Always
	case RecreateNever:
		policy = fate.Never
	}
	return fate.Facts{
		Command: fate.CommandUp, Service: sv.Name, Declared: true, Scale: sv.Replicas, Follower: sv.Follower, NoStart: f.targets.opt.NoStart,
		Policy: policy, RenewVolumes: f.targets.opt.RenewAnonVolumes && f.targets.named[sv.Name],
		Dependency: f.dependencyRestarts(sv),
	}
}

// about adds what is to know about one container.
func (f *fates) about(sl *survey.Slot, facts fate.Facts) fate.Facts {
	facts.State, facts.ExitCode, facts.Stopping = sl.Old.State, sl.Old.ExitCode, f.targets.IsStopping(*sl.Old)
	facts.OneShot = sl.Old.ExitCode == 0 && !sl.Svc.Restart.Restarts()
	facts.Volume, facts.Network = f.replacedVolume(*sl.Old), f.replacedNetwork(*sl.Old)
	if facts.Compares() { // only then: it may warn
		facts.Differs = f.look().Of(sl.Svc.Service, sl.Svc.IDs, *sl.Old)
	}
	return facts
}

// look compares containers with what is wanted of them.
func (f *fates) look() divergence.Comparison {
	return divergence.Comparison{Want: f.targets.Want, Have: f.targets.Have, Notes: &f.targets.Notes, Provided: f.targets.opt.Provided, Apart: f.apart}
}

// scale keeps as many containers as are asked for: those that are up to date
// and have the lowest numbers. The rest is removed; missing ones get numbers
// after the highest.
func (f *fates) scale(sv *survey.Service, facts fate.Facts) {
	slices.SortStableFunc(sv.Slots, func(a, b *survey.Slot) int {
		switch {
		case a.Fate.Replaces() == b.Fate.Replaces():
			return cmp.Compare(a.Number, b.Number)
		case a.Fate.Replaces():
			return 1
		}
		return -1
	})
	next := 1
	for _, sl := range sv.Slots {
		next = max(next, sl.Number+1)
	}
	for len(sv.Slots) > sv.Replicas {
		last := len(sv.Slots) - 1
		sl := sv.Slots[last]
		surplus := facts
		surplus.State, surplus.Surplus = sl.Old.State, true
		sl.Verdict = fate.Of(surplus)
		sv.Slots, sv.Surplus = sv.Slots[:last], append(sv.Surplus, sl)
		f.gone[sl.Old.ID] = true
	}
	slices.SortFunc(sv.Slots, func(a, b *survey.Slot) int { return cmp.Compare(a.Number, b.Number) })
	for len(sv.Slots) < sv.Replicas {
		facts.Others = len(sv.Slots) > 0
		sv.Slots = append(sv.Slots, &survey.Slot{
			Svc: sv, Number: next, Of: fmt.Sprintf("%s-%d", sv.Name, next), Name: f.targets.Want.ContainerName(sv.Service, next), Verdict: fate.Of(facts),
		})
		next++
	}
}

// noteFate notes what the slot's fate means to others.
func (f *fates) noteFate(sl *survey.Slot, dependency string) {
	if sl.Old == nil {
		return
	}
	f.holders[sl.Old.ID] = sl
	if sl.Fate.Replaces() {
		f.gone[sl.Old.ID] = true
		sl.Inherit = f.inherit(sl)
	}
	sl.Early = dependency != "" || sl.Fate == fate.Rebuild || f.replacedNetwork(*sl.Old) != ""
}

// join resolves the services whose namespaces or volumes the service joins. The
// result says which container that it joins will be another one; empty if none.
func (f *fates) join(sv *survey.Service) (joined string) {
	sv.Refs, sv.IDs = map[string]engine.Ref{}, map[string]string{}
	for _, ns := range creation.JoinedBy(sv.Service) {
		ref, replaced, there := f.joinable(ns.Service)
		switch {
		case !there && ns.Attribute == creation.ByLinks:
		case !there:
			f.targets.Notes.Fail(sv.Pos, "service %s: %s joins service %s, which has no container", sv.Name, ns.Attribute, ns.Service)
		case replaced:
			sv.Refs[ns.Service] = ref
			joined = cmp.Or(joined, joinsWords(ns))
		default:
			sv.Refs[ns.Service], sv.IDs[ns.Service] = ref, ref.ID
		}
	}
	return joined
}

// joinable is the container of a service that others join, and whether it is one
// that the plan creates.
func (f *fates) joinable(service string) (ref engine.Ref, created, there bool) {
	if sv := f.services[service]; sv != nil {
		first := survey.FirstByName(sv.Slots)
		switch {
		case first == nil:
			return engine.Ref{}, false, false
		case first.Fate.Keeps():
			return engine.Ref{ID: first.Old.ID, Name: first.Name}, false, true
		}
		return engine.Ref{Name: first.Name}, true, true
	}
	first := firstReplica(f.targets.Replicas[service])
	return first, false, first.Name != ""
}

// firstReplica is the container that others join; empty if there is none.
func firstReplica(cs []*engine.Container) engine.Ref {
	var first engine.Ref
	for _, c := range cs {
		if first.Name == "" || c.Name < first.Name {
			first = c.Ref
		}
	}
	return first
}

// joinsWords says that what is joined is replaced.
func joinsWords(r project.NamespaceRef) string {
	return r.Service + ", which it joins with " + r.Attribute + ", is replaced"
}

// dependencyRestarts is why the service's running containers are restarted though
// nothing about them changed: a dependency that it is to restart with is replaced,
// bounced itself, or, for those that live in its namespaces, only now started.
func (f *fates) dependencyRestarts(sv *survey.Service) string {
	for _, d := range sv.DependsOn {
		dep := f.services[d.Service]
		if dep == nil || !d.Restart {
			continue
		}
		for _, sl := range dep.Slots {
			switch {
			case sl.Fate.Replaces():
				return dep.Name + " is being replaced (depends_on restart: true)"
			case sl.Fate == fate.Bounce:
				return dep.Name + " is being restarted (depends_on restart: true)"
			case joinsProcess(sv.Service, d.Service) && sl.Fate.Keeps() && !sl.Runs():
				return dep.Name + " is being started, whose namespaces it shares"
			}
		}
	}
	return ""
}

func joinsProcess(s *project.Service, service string) bool {
	return slices.ContainsFunc(s.Namespaces, func(n project.NamespaceRef) bool {
		return n.Service == service && n.Attribute != "volumes_from"
	})
}

// provisional reports whether an image step may replace the image of a
// container that stays, or of a volume that it mounts.
func (f *fates) provisional() bool {
	return slices.ContainsFunc(f.order, func(sv *survey.Service) bool {
		return f.targets.policy(sv.Name) != RecreateNever && slices.ContainsFunc(sv.Slots, func(sl *survey.Slot) bool { return sl.Fate.Keeps() }) &&
			(f.images.Fresh(engine.ServiceImage(sv.Service).Plain()) || slices.ContainsFunc(engine.VolumeImages(f.targets.Want, sv.Service), f.images.Fresh))
	})
}

// dependentsOf are the services that depend on one, by its name.
func dependentsOf(services []*survey.Service) map[string][]*survey.Service {
	dependents := make(map[string][]*survey.Service, len(services))
	for _, sv := range services {
		for _, d := range sv.DependsOn {
			dependents[d.Service] = append(dependents[d.Service], sv)
		}
	}
	return dependents
}
