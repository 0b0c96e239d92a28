package convergence

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// networkPlan is what becomes of a network of the project.
type networkPlan struct {
	*project.Network
	id      string // observed; of the network to be replaced if replace is set
	replace string // why it is made anew; empty if it is not
	create  bool
	ready   StepID // the step after which it is there
	renamed []Network
	twins   []Network // of the same name and origin, in use by nobody: to be removed
}

// surveyNetworks decides about every network that the scope uses, or about all
// of them if everything is converged.
func (u *up) surveyNetworks() {
	used := u.usedKeys(func(s *project.Service) []string { return s.Networks })
	for _, n := range u.want.Networks {
		if len(u.opt.Services) > 0 && !used[n.Key] {
			continue
		}
		if np := u.surveyNetwork(n); np != nil {
			u.networks[n.Key] = np
		}
	}
}

func (u *up) usedKeys(keys func(*project.Service) []string) map[string]bool {
	used := map[string]bool{}
	for _, s := range u.scope {
		for _, k := range keys(s) {
			used[k] = true
		}
	}
	return used
}

func (u *up) surveyNetwork(n *project.Network) *networkPlan {
	np := &networkPlan{Network: n}
	same := u.networksNamed(n.Name, n.External)
	if n.External {
		switch {
		case len(same) == 0:
			u.fail(n.Pos, "network %s declared as external, but could not be found: create it first, as docker network create %s does", n.Name, n.Name)
			return nil
		case len(same) > 1:
			u.fail(n.Pos, "network %s is external, but there are %d networks %s; name it by ID", n.Key, len(same), n.Name)
			return nil
		}
		np.id = same[0].ID
		return np
	}
	np.renamed = u.networksRenamed(n)
	if len(same) == 0 {
		np.create = true
		np.ready = networkID(n) + "/create"
		return np
	}
	if same = u.dropTwins(np, same); len(np.twins) > 0 {
		np.ready = twinID(np, np.twins[len(np.twins)-1])
	}
	live := u.pickNetwork(n, same)
	np.id = live.ID
	if live.Labels[project.LabelProject] != u.want.Name {
		u.warn("network %s was not made for project %s; it is used as it is (declare it `external: true` to say so)", n.Name, u.want.Name)
		return np
	}
	if hash := live.Labels[project.LabelConfigHash]; hash != "" && hash != string(n.Hash) {
		np.replace = "network " + n.Key + " changed"
		np.ready = networkID(n) + "/create"
	}
	return np
}

func networkID(n *project.Network) StepID { return StepID("network " + n.Key) }

// networksNamed are the observed networks of that name, or also of that ID.
func (u *up) networksNamed(name string, orID bool) []Network {
	var same []Network
	for _, n := range u.have.Networks {
		if n.Name == name || (orID && n.ID == name) {
			same = append(same, n)
		}
	}
	return same
}

// dropTwins sets aside networks of the project that only differ by their IDs:
// creating one is not atomic on all engines, so an interrupted run and the next
// may each have made one. As long as both are there, no container can join by
// name. One stays, that in use if there is such.
func (u *up) dropTwins(np *networkPlan, same []Network) []Network {
	twin := func(n Network) bool {
		return n.Labels[project.LabelProject] == u.want.Name && n.Labels[project.LabelNetwork] == np.Key
	}
	inUse := func(n Network) bool {
		return slices.ContainsFunc(u.have.Containers, func(c Container) bool {
			return slices.ContainsFunc(c.Networks, func(a Attachment) bool { return a.NetworkID == n.ID })
		})
	}
	stays := slices.IndexFunc(same, func(n Network) bool { return twin(n) && inUse(n) })
	if stays < 0 {
		stays = slices.IndexFunc(same, twin)
	}
	var kept []Network
	for i, n := range same {
		if i != stays && twin(n) && !inUse(n) {
			np.twins = append(np.twins, n)
		} else {
			kept = append(kept, n)
		}
	}
	return kept
}

func twinID(np *networkPlan, n Network) StepID {
	return networkID(np.Network) + "/remove " + StepID(shortID(n.ID))
}

// removeTwins removes them one after the other and returns the last step. What
// starts on the network waits for it.
func (u *up) removeTwins(np *networkPlan) StepID {
	var last StepID
	for _, n := range np.twins {
		last = u.add(twinID(np, n), RemoveNetwork{ID: n.ID, Name: n.Name}, "an interrupted run left a second network of this name", last)
	}
	if last == "" {
		return ""
	}
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.fate == keep && slices.Contains(sp.Networks, np.Key) {
				sl.first = append([]StepID{last}, sl.first...)
			}
		}
	}
	return last
}

// pickNetwork prefers the project's own among several of one name.
func (u *up) pickNetwork(n *project.Network, same []Network) Network {
	if len(same) == 1 {
		return same[0]
	}
	i := max(0, slices.IndexFunc(same, func(o Network) bool { return o.Labels[project.LabelProject] == u.want.Name }))
	u.warn("there are %d networks %s; the one with ID %s is used", len(same), n.Name, shortID(same[i].ID))
	return same[i]
}

// networksRenamed are networks that the project made for the key under other names.
func (u *up) networksRenamed(n *project.Network) []Network {
	var old []Network
	for _, o := range u.have.Networks {
		if o.Name != n.Name && o.Labels[project.LabelProject] == u.want.Name && o.Labels[project.LabelNetwork] == n.Key {
			old = append(old, o)
		}
	}
	return old
}

func shortID(id string) string { return id[:min(12, len(id))] }

// emitNetworks creates what is missing and replaces what changed, once every
// image is there, so that an image that cannot be had leaves nothing behind. A replaced
// network loses its containers first: each is stopped and disconnected, and
// connected again, with the full settings of its service, by what follows.
func (u *up) emitNetworks() {
	for _, key := range u.networkKeys() {
		np := u.networks[key]
		id := networkID(np.Network)
		create := CreateNetwork{Network: np.Network, Labels: networkLabels(u.want, np.Network)}
		alone := u.removeTwins(np)
		switch {
		case np.create:
			u.add(id+"/create", create, "not there yet", u.imageSteps...)
		case np.replace != "":
			u.replaceNetwork(np, create, alone)
		}
	}
}

func (u *up) networkKeys() []string {
	var keys []string
	for _, n := range u.want.Networks {
		if u.networks[n.Key] != nil {
			keys = append(keys, n.Key)
		}
	}
	return keys
}

func (u *up) replaceNetwork(np *networkPlan, create CreateNetwork, alone StepID) {
	id := networkID(np.Network)
	var freed []StepID
	var restore []Action
	for _, c := range u.have.Containers {
		if !attached(c, np.id, np.Name) {
			continue
		}
		freed = append(freed, u.detach(c, np))
		if sl := u.slotOf(c.ID); sl != nil && sl.fate != rebuild {
			restore = append(restore, u.putBack(c, np)...)
		}
	}
	remove := u.add(id+"/remove", RemoveNetwork{ID: np.id, Name: np.Name}, np.replace, append(freed, u.imageSteps...)...)
	u.last().Finish, u.last().OnFailure = len(freed) > 0, restore
	u.add(id+"/create", create, np.replace, remove, alone)
	u.last().Finish, u.last().OnFailure = true, restore
}

// detach disconnects the container once it is stopped, whether it will be
// replaced or connected again. One that is removed for good is just gone.
func (u *up) detach(c Container, np *networkPlan) StepID {
	sl := u.slotOf(c.ID)
	if sl == nil || sl.fate == rebuild {
		return u.gone[c.ID]
	}
	id := sl.id + "/disconnect " + StepID(np.Key)
	u.add(id, DisconnectNetwork{Target: c.Ref, Network: np.id, Name: np.Name}, np.replace, append(slices.Clone(u.imageSteps), sl.stopID())...)
	u.last().Finish = sl.stopID() != ""
	return id
}

// putBack reconnects and restarts a container after a failure.
func (u *up) putBack(c Container, np *networkPlan) []Action {
	actions := []Action{ConnectNetwork{Target: c.Ref, Endpoint: u.endpoint(c, np.Network)}}
	if c.State == Running {
		actions = append(actions, StartContainer{Target: c.Ref, Service: c.Service})
	}
	return actions
}

// endpoint are the full settings of the container on the network, as its
// service declares them; a container of no declared service gets its names.
func (u *up) endpoint(c Container, n *project.Network) EndpointSpec {
	s := u.want.Service(c.Service)
	if s == nil {
		s = u.want.DisabledService(c.Service)
	}
	if s == nil {
		s = &project.Service{Name: c.Service}
	}
	return EndpointSpec{Project: u.want, Service: s, Network: n, Container: c.Name}
}

// removeRenamedNetworks removes the project's networks that have another name
// now, once no container of the plan is attached to them.
func (u *up) removeRenamedNetworks() {
	for _, key := range u.networkKeys() {
		for _, old := range u.networks[key].renamed {
			after := []StepID{u.networks[key].ready}
			busy := false
			for _, c := range u.have.Containers {
				if attached(c, old.ID, old.Name) {
					after, busy = append(after, u.gone[c.ID]), busy || u.gone[c.ID] == ""
				}
			}
			if busy {
				u.warn("network %s has become %s; %s is kept while containers use it", old.Name, u.networks[key].Name, old.Name)
				continue
			}
			u.add(networkID(u.networks[key].Network)+StepID("/remove "+strings.TrimPrefix(old.Name, u.want.Name+"_")),
				RemoveNetwork{ID: old.ID, Name: old.Name}, "renamed to "+u.networks[key].Name, after...)
		}
	}
}
