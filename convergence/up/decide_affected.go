package up

import (
	"maps"
	"slices"
	"strconv"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// decideFollowers finds containers that are not to be converged but must follow
// what is done to others: those that depend on a replaced service with restart:
// true, that join a replaced container, or that hang on a replaced network.
func (f *fates) decideFollowers() {
	for _, s := range f.otherServices() {
		sv := &survey.Service{Service: s, Declared: true, Follower: true}
		for _, c := range f.targets.Replicas[s.Name] {
			if !f.gone[c.ID] && c.State == engine.Running {
				sv.Slots = append(sv.Slots, survey.SlotFor(sv, survey.StepName(f.targets.Name, *c), c))
			}
		}
		if len(sv.Slots) > 0 {
			f.decideFollower(sv)
		}
	}
	f.decideAttached()
}

// decideFollower keeps the service only if something happens to it.
func (f *fates) decideFollower(sv *survey.Service) {
	facts := f.facts(sv)
	for _, ns := range creation.JoinedBy(sv.Service) {
		if other := f.services[ns.Service]; other != nil && other.Replaced != "" {
			facts.Joined = joinsWords(ns)
		}
	}
	if facts.Joined == "" && facts.Dependency == "" {
		return
	}
	if f.targets.opt.Recreate == RecreateNever {
		facts.Policy = fate.Never
	} else if facts.Joined != "" {
		facts.Policy, sv.Replaced = fate.IfDiverged, facts.Joined
		f.join(sv)
	}
	for _, sl := range sv.Slots {
		sl.Verdict = fate.Of(f.about(sl, facts))
		f.noteFate(sl, facts.Dependency)
	}
	f.services[sv.Name] = sv
	f.order = append(f.order, sv)
}

// otherServices are the project's other services, dependencies first.
func (f *fates) otherServices() []*project.Service {
	all := map[string]*project.Service{}
	for _, s := range slices.Concat(f.targets.Want.Services, f.targets.Want.Disabled) {
		all[s.Name] = s
	}
	var order []*project.Service
	for _, name := range serviceOrder(slices.Collect(maps.Values(all))) {
		if f.services[name] == nil {
			order = append(order, all[name])
		}
	}
	return order
}

// serviceOrder sorts services so that dependencies come first. Disabled
// services are not checked for cycles when a file is loaded; if there is one
// they follow by name.
func serviceOrder(services []*project.Service) []string {
	needs := map[string][]string{}
	for _, s := range services {
		needs[s.Name] = nil
	}
	for _, s := range services {
		for _, d := range s.DependsOn {
			if _, known := needs[d.Service]; known {
				needs[s.Name] = append(needs[s.Name], d.Service)
			}
		}
	}
	g, err := depgraph.New(needs)
	if err != nil {
		return slices.Sorted(maps.Keys(needs))
	}
	return g.Order()
}

// decideAttached lets all other containers on replaced networks follow.
func (f *fates) decideAttached() {
	for i := range f.targets.Have.Containers {
		c := &f.targets.Have.Containers[i]
		if f.gone[c.ID] || f.holders[c.ID] != nil || f.replacedNetwork(*c) == "" || f.orphan(*c).Fate == fate.Remove {
			continue
		}
		sv := survey.Undeclared(c.Service)
		if s := f.targets.Want.Service(c.Service); s != nil && !c.OneOff {
			sv.Service = s
		}
		sv.Declared, sv.Follower = true, true
		sl := survey.SlotFor(sv, survey.StepName(f.targets.Name, *c), c)
		facts := f.facts(sv)
		sl.Verdict, sv.Slots = fate.Of(f.about(sl, facts)), []*survey.Slot{sl}
		f.noteFate(sl, facts.Dependency)
		f.order = append(f.order, sv)
	}
}

// decideOrphans finds the project's containers that no declared service stands
// for. Those that go and those that are told of are set apart.
func (f *fates) decideOrphans() {
	for i := range f.targets.Have.Containers {
		c := &f.targets.Have.Containers[i]
		if f.gone[c.ID] {
			continue
		}
		verdict := f.orphan(*c)
		switch {
		case verdict.Fate == fate.Remove:
			sl := survey.SlotFor(survey.Undeclared(c.Service), survey.StepName(f.targets.Name, *c), c)
			sl.Verdict = verdict
			f.orphans = append(f.orphans, sl)
			f.gone[c.ID] = true
		case verdict.Reason != fate.None:
			f.left = append(f.left, c.Name)
		}
	}
}

// orphan is the fate of a container that is no replica of a declared service.
func (f *fates) orphan(c engine.Container) fate.Verdict {
	m := f.targets.Have.Membership(c, f.targets.Want)
	facts := fate.Facts{
		Service: c.Service, Declared: m.Declared, Kind: kindOf(c, m), State: c.State, RemoveOrphans: f.targets.opt.RemoveOrphans,
	}
	if facts.Kind == fate.Replica && (facts.Declared || !engine.Managed(c)) {
		return fate.Verdict{}
	}
	return fate.Of(facts)
}

func kindOf(c engine.Container, m engine.Membership) fate.Kind {
	switch {
	case m.Role == engine.HookContainer:
		return fate.Hook
	case c.OneOff && engine.Managed(c):
		return fate.OneOff
	}
	return fate.Replica
}

// markStops decides which stops do not wait for a successor's creation: where
// that waits, by way of a network, a volume or a container, for the stop.
func (f *fates) markStops() {
	f.markHandovers()
	for _, sv := range f.order {
		for _, sl := range sv.Slots {
			if sl.Old == nil {
				continue
			}
			joins := f.joinsReplaced(sl, sl.Early)
			sl.Apart = joins || f.replacedNetwork(*sl.Old) != "" || (sl.Early && f.needsReplaced(sv.Service))
			sl.Early = sl.Early || joins
		}
	}
}

// needsReplaced reports whether a container of the service cannot be created
// before a network or volume has been made anew.
func (f *fates) needsReplaced(s *project.Service) bool {
	replaced := func(key string) bool { return f.networks[key] != nil && f.networks[key].replace != "" }
	return (creation.JoinsNetworks(s) && slices.ContainsFunc(s.Networks, replaced)) ||
		slices.ContainsFunc(s.Volumes, func(key string) bool { return f.volumes[key] != nil && f.volumes[key].replace != "" })
}

// joinsReplaced reports whether the slot joins a container that is replaced
// and that must not go before it. Those that share volumes only may stay longer,
// unless their stop is early for another reason.
func (f *fates) joinsReplaced(sl *survey.Slot, early bool) bool {
	return slices.ContainsFunc(creation.JoinedBy(sl.Svc.Service), func(n project.NamespaceRef) bool {
		dep := f.services[n.Service]
		return dep != nil && dep.Replaced != "" && (early || n.Attribute != "volumes_from")
	})
}

// markHandovers lets a start wait for the stop of whatever still holds one of
// its fixed host ports or addresses, and that stop wait for nothing but images.
func (f *fates) markHandovers() {
	leaving := map[string]*survey.Slot{}
	for _, sv := range f.order {
		for _, sl := range sv.Surplus {
			leaving[sl.Old.ID] = sl
		}
		for _, sl := range slices.Concat(sv.Slots, sv.Surplus) {
			for _, rival := range sl.Duplicates {
				leaving[rival.Old.ID] = rival
			}
		}
	}
	for _, sl := range f.orphans {
		leaving[sl.Old.ID] = sl
	}
	for _, sv := range f.order {
		for _, sl := range sv.Slots {
			if !sl.Starts || sl.Fate.Keeps() && sl.Runs() {
				continue
			}
			for _, c := range f.targets.Have.Containers {
				if !c.Up() || (sl.Old != nil && c.ID == sl.Old.ID) || !(sharesPort(sv.Service, c) || f.sharesAddress(sv.Service, c)) {
					continue
				}
				if holder := f.holders[c.ID]; holder != nil && holder.Stops() {
					holder.Early = true
					sl.Awaits = append(sl.Awaits, holder)
				} else if holder == nil && leaving[c.ID] != nil {
					sl.Awaits = append(sl.Awaits, leaving[c.ID])
				}
			}
		}
	}
}

func sharesPort(s *project.Service, c engine.Container) bool {
	for _, p := range s.Spec.Ports {
		for _, held := range c.Ports {
			if held.HostPort != 0 && p.Published == strconv.Itoa(held.HostPort) && engine.SameProtocol(p.Protocol, held.Protocol) && engine.Overlaps(p.HostIP, held.HostIP) {
				return true
			}
		}
	}
	return false
}

// sharesAddress reports whether the container has an address on a network that
// the service asks for.
func (f *fates) sharesAddress(s *project.Service, c engine.Container) bool {
	for _, key := range s.Networks {
		wanted, n := s.Spec.Networks[key], f.targets.Want.Network(key)
		if wanted == nil || wanted.Ipv4Address == "" || n == nil {
			continue
		}
		if slices.ContainsFunc(c.Networks, func(a engine.Attachment) bool { return a.Network == n.Name && a.Address == wanted.Ipv4Address }) {
			return true
		}
	}
	return false
}
