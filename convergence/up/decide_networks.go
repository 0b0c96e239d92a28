package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// networkFate is what becomes of a network of the project.
type networkFate struct {
	*project.Network
	id         string // observed; of the network to be replaced if replace is set
	replace    string // why it is made anew; empty if it is not
	create     bool
	renamed    []engine.Network
	duplicates []engine.Network // of the same name and origin, in use by nobody: to be removed
}

// decideNetworks decides about every network that the scope uses, or about all
// of them if everything is converged.
func (f *fates) decideNetworks() {
	used := f.targets.usedKeys(func(s *project.Service) []string { return s.Networks })
	for _, n := range f.targets.Want.Networks {
		if f.targets.partial && !used[n.Key] {
			continue
		}
		if np := f.decideNetwork(n); np != nil {
			f.networks[n.Key] = np
		}
	}
}

func (f *fates) decideNetwork(n *project.Network) *networkFate {
	np := &networkFate{Network: n}
	same := f.networksNamed(n.Name, n.External)
	if n.External {
		switch {
		case len(same) == 0:
			f.targets.Notes.Fail(n.Pos, "network %s declared as external, but could not be found: create it first, as docker network create %s does", n.Name, n.Name)
			return nil
		case len(same) > 1:
			f.targets.Notes.Fail(n.Pos, "network %s is external, but there are %d networks %s; name it by ID", n.Key, len(same), n.Name)
			return nil
		}
		np.id = same[0].ID
		return np
	}
	np.renamed = f.networksRenamed(n)
	if len(same) == 0 {
		np.create = true
		return np
	}
	same = f.dropDuplicates(np, same)
	live := f.pickNetwork(n, same)
	np.id = live.ID
	if live.Labels[project.LabelProject] != f.targets.Name {
		f.targets.Notes.Warn("network %s was not created by project %s; using it as is (declare it `external: true` to say so)", n.Name, f.targets.Name)
		return np
	}
	if hash := live.Labels[project.LabelConfigHash]; hash != "" && hash != string(n.Hash) {
		np.replace = "network " + n.Key + " changed"
	}
	return np
}

// networksNamed are the observed networks of that name, or also of that ID.
func (f *fates) networksNamed(name string, orID bool) []engine.Network {
	var same []engine.Network
	for _, n := range f.targets.Have.Networks {
		if n.Name == name || (orID && n.ID == name) {
			same = append(same, n)
		}
	}
	return same
}

// dropDuplicates sets aside networks of the project that only differ by their IDs:
// creating one is not atomic on all engines, so an interrupted run and the next
// may each have made one. As long as both are there, no container can join by
// name. One stays, that in use if there is such.
func (f *fates) dropDuplicates(np *networkFate, same []engine.Network) []engine.Network {
	duplicate := func(n engine.Network) bool {
		return n.Labels[project.LabelProject] == f.targets.Name && n.Labels[project.LabelNetwork] == np.Key
	}
	inUse := func(n engine.Network) bool {
		return slices.ContainsFunc(f.targets.Have.Containers, func(c engine.Container) bool {
			return slices.ContainsFunc(c.Networks, func(a engine.Attachment) bool { return a.NetworkID == n.ID })
		})
	}
	stays := slices.IndexFunc(same, func(n engine.Network) bool { return duplicate(n) && inUse(n) })
	if stays < 0 {
		stays = slices.IndexFunc(same, duplicate)
	}
	var kept []engine.Network
	for i, n := range same {
		if i != stays && duplicate(n) && !inUse(n) {
			np.duplicates = append(np.duplicates, n)
		} else {
			kept = append(kept, n)
		}
	}
	return kept
}

// pickNetwork prefers the project's own among several of one name.
func (f *fates) pickNetwork(n *project.Network, same []engine.Network) engine.Network {
	if len(same) == 1 {
		return same[0]
	}
	i := max(0, slices.IndexFunc(same, func(o engine.Network) bool { return o.Labels[project.LabelProject] == f.targets.Name }))
	f.targets.Notes.Warn("there are %d networks %s; using the one with ID %s", len(same), n.Name, plan.ShortID(same[i].ID))
	return same[i]
}

// networksRenamed are networks that the project made for the key under other names.
func (f *fates) networksRenamed(n *project.Network) []engine.Network {
	var old []engine.Network
	for _, o := range f.targets.Have.Networks {
		if o.Name != n.Name && o.Labels[project.LabelProject] == f.targets.Name && o.Labels[project.LabelNetwork] == n.Key {
			old = append(old, o)
		}
	}
	return old
}

// networksInOrder are those of the plan, as the file has them.
func (f *fates) networksInOrder() []*networkFate {
	var all []*networkFate
	for _, n := range f.targets.Want.Networks {
		if f.networks[n.Key] != nil {
			all = append(all, f.networks[n.Key])
		}
	}
	return all
}

// replacedNetwork is why the container has to leave a network for a while.
func (f *fates) replacedNetwork(c engine.Container) string {
	for _, np := range f.replacedNetworks(c) {
		return np.replace
	}
	return ""
}

// replacedNetworks are the replaced networks that the container is on.
func (f *fates) replacedNetworks(c engine.Container) []*networkFate {
	var on []*networkFate
	for _, n := range f.targets.Want.Networks {
		if np := f.networks[n.Key]; np != nil && np.replace != "" && engine.Attached(c, np.id, np.Name) {
			on = append(on, np)
		}
	}
	return on
}

// apart is the name of the network of that key if the container is to join it.
// Networks that are made anew in place take their containers along.
func (f *fates) apart(c engine.Container, key string) string {
	if n := f.networks[key]; n != nil && (n.create || !engine.Attached(c, n.id, n.Name)) {
		return n.Name
	}
	return ""
}
