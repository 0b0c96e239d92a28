package up

import (
	"maps"
	"slices"
	"strconv"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// surveyGuests finds containers that are not to be converged but must follow
// what is done to others: those that depend on a replaced service with restart:
// true, that join a replaced container, or that hang on a replaced network.
func (u *up) surveyGuests() {
	for _, s := range u.outsiders() {
		sp := &servicePlan{Service: s, guest: true}
		for _, c := range replicas(u.have, s.Name) {
			if u.gone[c.ID] == "" && c.State == engine.Running {
				sp.slots = append(sp.slots, u.guest(sp, c))
			}
		}
		if len(sp.slots) == 0 {
			continue
		}
		u.markGuests(sp)
	}
	u.surveyDetached()
}

func (u *up) guest(sp *servicePlan, c engine.Container) *slot {
	return &slot{svc: sp, number: c.Number, id: containerStepID(u.want.Name, c), name: c.Name, old: &c}
}

// markGuests keeps the service only if something happens to it.
func (u *up) markGuests(sp *servicePlan) {
	var joined string
	for _, ns := range creation.JoinedBy(sp.Service) {
		if other := u.services[ns.Service]; other != nil && other.replaced != "" {
			joined = joinsWords(ns)
		}
	}
	if joined == "" && u.restartReason(sp.Service) == "" {
		return
	}
	if joined != "" && u.opt.Recreate != RecreateNever {
		refs, ids, _ := u.joins(sp.Service)
		for _, sl := range sp.slots {
			sl.fate, sl.why, sl.refs, sl.ids = recreate, joined, refs, ids
		}
		sp.replaced = joined
	}
	u.settle(sp)
	u.services[sp.Name] = sp
	u.order = append(u.order, sp)
}

// outsiders are the project's other services, dependencies first.
func (u *up) outsiders() []*project.Service {
	all := map[string]*project.Service{}
	for _, s := range slices.Concat(u.want.Services, u.want.Disabled) {
		all[s.Name] = s
	}
	var order []*project.Service
	for _, name := range serviceOrder(slices.Collect(maps.Values(all))) {
		if u.services[name] == nil {
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

// surveyDetached makes guests of all other containers on replaced networks.
func (u *up) surveyDetached() {
	for _, c := range u.have.Containers {
		if u.gone[c.ID] != "" || u.slotOf(c.ID) != nil || u.isOrphanToRemove(c) || u.replacedNetwork(c) == "" {
			continue
		}
		s := u.want.Service(c.Service)
		if s == nil || c.OneOff {
			s = &project.Service{Name: c.Service}
		}
		sp := &servicePlan{Service: s, guest: true}
		sp.slots = []*slot{u.guest(sp, c)}
		u.settle(sp)
		u.order = append(u.order, sp)
	}
}

// replacedNetwork is why the container has to leave a network for a while.
func (u *up) replacedNetwork(c engine.Container) string {
	for _, np := range u.replacedNetworks(c) {
		return np.replace
	}
	return ""
}

// replacedNetworks are the replaced networks that the container is on.
func (u *up) replacedNetworks(c engine.Container) []*networkPlan {
	var on []*networkPlan
	for _, key := range u.networkKeys() {
		if np := u.networks[key]; np.replace != "" && engine.Attached(c, np.id, np.Name) {
			on = append(on, np)
		}
	}
	return on
}

// restartReason is why the service's running containers are restarted though
// nothing about them changed; empty if they are not.
func (u *up) restartReason(s *project.Service) string {
	for _, d := range s.DependsOn {
		dep := u.services[d.Service]
		if dep == nil || !d.Restart {
			continue
		}
		if why := depRestart(dep, d, joinsProcess(s, d.Service)); why != "" {
			return why
		}
	}
	return ""
}

// depRestart says why a dependency pulls its dependents along: it is replaced,
// bounced itself, or, for those that live in its namespaces, only now started.
func depRestart(dep *servicePlan, d project.Dependency, joins bool) string {
	for _, sl := range dep.slots {
		switch {
		case sl.fate == recreate || sl.fate == rebuild:
			return dep.Name + " is replaced, and it is to restart with it"
		case sl.bounce != "":
			return dep.Name + " restarts, and it is to restart with it"
		case joins && sl.fate == keep && !sl.runs():
			return dep.Name + " starts, and it lives in its namespaces"
		}
	}
	return ""
}

func joinsProcess(s *project.Service, service string) bool {
	return slices.ContainsFunc(s.Namespaces, func(n project.NamespaceRef) bool {
		return n.Service == service && n.Attribute != "volumes_from"
	})
}

// markStops decides which stops do not wait for a successor's creation: where
// that waits, by way of a network, a volume or a container, for the stop.
func (u *up) markStops() {
	u.markHandovers()
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.fate == create {
				continue
			}
			joins := u.joinsReplaced(sl, sl.early)
			sl.apart = joins || u.replacedNetwork(*sl.old) != "" || (sl.early && u.needsReplaced(sp.Service))
			sl.early = sl.early || joins
		}
	}
}

// needsReplaced reports whether a container of the service cannot be created
// before a network or volume has been made anew.
func (u *up) needsReplaced(s *project.Service) bool {
	replaced := func(key string) bool { return u.networks[key] != nil && u.networks[key].replace != "" }
	return (joinsNetworks(s) && slices.ContainsFunc(s.Networks, replaced)) ||
		slices.ContainsFunc(s.Volumes, func(key string) bool { return u.volumes[key] != nil && u.volumes[key].replace != "" })
}

// joinsReplaced reports whether the slot joins a container that is replaced
// and that must not go before it. Those that share volumes only may stay longer,
// unless their stop is early for another reason.
func (u *up) joinsReplaced(sl *slot, early bool) bool {
	return slices.ContainsFunc(creation.JoinedBy(sl.svc.Service), func(n project.NamespaceRef) bool {
		dep := u.services[n.Service]
		return dep != nil && dep.replaced != "" && (early || n.Attribute != "volumes_from")
	})
}

// markHandovers lets a start wait for the stop of whatever still holds one of
// its fixed host ports or addresses, and that stop wait for nothing but images.
func (u *up) markHandovers() {
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if !u.starts(sl) || (sl.runs() && sl.fate == keep) {
				continue
			}
			for _, c := range u.have.Containers {
				if !engine.Alive(c) || (sl.old != nil && c.ID == sl.old.ID) || !(sharesPort(sp.Service, c) || u.sharesAddress(sp.Service, c)) {
					continue
				}
				if holder := u.slotOf(c.ID); holder != nil && holder.stopID() != "" {
					holder.early = true
					sl.awaits = append(sl.awaits, holder.stopID())
				} else if holder == nil {
					sl.awaits = append(sl.awaits, u.gone[c.ID])
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
func (u *up) sharesAddress(s *project.Service, c engine.Container) bool {
	for _, key := range s.Networks {
		wanted, n := s.Spec.Networks[key], u.want.Network(key)
		if wanted == nil || wanted.Ipv4Address == "" || n == nil {
			continue
		}
		if slices.ContainsFunc(c.Networks, func(a engine.Attachment) bool { return a.Network == n.Name && a.Address == wanted.Ipv4Address }) {
			return true
		}
	}
	return false
}
