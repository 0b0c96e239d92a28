package up

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// networkPlan is what becomes of a network of the project.
type networkPlan struct {
	*project.Network
	id      string // observed; of the network to be replaced if replace is set
	replace string // why it is made anew; empty if it is not
	create  bool
	ready   plan.StepID // the step after which it is there
	renamed []engine.Network
	twins   []engine.Network // of the same name and origin, in use by nobody: to be removed
}

// surveyNetworks decides about every network that the scope uses, or about all
// of them if everything is converged.
func (u *up) surveyNetworks() {
	used := u.usedKeys(func(s *project.Service) []string { return s.Networks })
	for _, n := range u.want.Networks {
		if u.partial && !used[n.Key] {
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
			u.Fail(n.Pos, "network %s declared as external, but could not be found: create it first, as docker network create %s does", n.Name, n.Name)
			return nil
		case len(same) > 1:
			u.Fail(n.Pos, "network %s is external, but there are %d networks %s; name it by ID", n.Key, len(same), n.Name)
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
		u.Warn("network %s was not made for project %s; it is used as it is (declare it `external: true` to say so)", n.Name, u.want.Name)
		return np
	}
	if hash := live.Labels[project.LabelConfigHash]; hash != "" && hash != string(n.Hash) {
		np.replace = "network " + n.Key + " changed"
		np.ready = networkID(n) + "/create"
	}
	return np
}

func networkID(n *project.Network) plan.StepID { return plan.StepID("network " + n.Key) }

// networksNamed are the observed networks of that name, or also of that ID.
func (u *up) networksNamed(name string, orID bool) []engine.Network {
	var same []engine.Network
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
func (u *up) dropTwins(np *networkPlan, same []engine.Network) []engine.Network {
	twin := func(n engine.Network) bool {
		return n.Labels[project.LabelProject] == u.want.Name && n.Labels[project.LabelNetwork] == np.Key
	}
	inUse := func(n engine.Network) bool {
		return slices.ContainsFunc(u.have.Containers, func(c engine.Container) bool {
			return slices.ContainsFunc(c.Networks, func(a engine.Attachment) bool { return a.NetworkID == n.ID })
		})
	}
	stays := slices.IndexFunc(same, func(n engine.Network) bool { return twin(n) && inUse(n) })
	if stays < 0 {
		stays = slices.IndexFunc(same, twin)
	}
	var kept []engine.Network
	for i, n := range same {
		if i != stays && twin(n) && !inUse(n) {
			np.twins = append(np.twins, n)
		} else {
			kept = append(kept, n)
		}
	}
	return kept
}

func twinID(np *networkPlan, n engine.Network) plan.StepID {
	return networkID(np.Network) + "/remove " + plan.StepID(shortID(n.ID))
}

// removeTwins removes them one after the other and returns the last step. What
// starts on the network waits for it.
func (u *up) removeTwins(np *networkPlan) plan.StepID {
	var last plan.StepID
	for _, n := range np.twins {
		last = u.Add(twinID(np, n), plan.RemoveNetwork{ID: n.ID, Name: n.Name}, "an interrupted run left a second network of this name", last)
	}
	if last == "" {
		return ""
	}
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.fate == keep && slices.Contains(sp.Networks, np.Key) {
				sl.first = append([]plan.StepID{last}, sl.first...)
			}
		}
	}
	return last
}

// pickNetwork prefers the project's own among several of one name.
func (u *up) pickNetwork(n *project.Network, same []engine.Network) engine.Network {
	if len(same) == 1 {
		return same[0]
	}
	i := max(0, slices.IndexFunc(same, func(o engine.Network) bool { return o.Labels[project.LabelProject] == u.want.Name }))
	u.Warn("there are %d networks %s; the one with ID %s is used", len(same), n.Name, shortID(same[i].ID))
	return same[i]
}

// networksRenamed are networks that the project made for the key under other names.
func (u *up) networksRenamed(n *project.Network) []engine.Network {
	var old []engine.Network
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
		create := plan.CreateNetwork{Network: np.Network, Labels: creation.NetworkLabels(u.want, np.Network)}
		alone := u.removeTwins(np)
		switch {
		case np.create:
			u.Add(id+"/create", create, "not there yet", u.imageSteps...)
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

func (u *up) replaceNetwork(np *networkPlan, create plan.CreateNetwork, alone plan.StepID) {
	id := networkID(np.Network)
	var freed []plan.StepID
	var restore []plan.Action
	for _, c := range u.have.Containers {
		if !engine.Attached(c, np.id, np.Name) {
			continue
		}
		freed = append(freed, u.detach(c, np))
		if sl := u.slotOf(c.ID); sl != nil && sl.fate != rebuild {
			restore = append(restore, u.putBack(c, np)...)
		}
	}
	remove := u.Add(id+"/remove", plan.RemoveNetwork{ID: np.id, Name: np.Name}, np.replace, append(freed, u.imageSteps...)...)
	u.Last().Finish, u.Last().OnFailure = len(freed) > 0, restore
	u.Add(id+"/create", create, np.replace, remove, alone)
	u.Last().Finish, u.Last().OnFailure = true, restore
}

// detach disconnects the container once it is stopped, whether it will be
// replaced or connected again. One that is removed for good is just gone.
func (u *up) detach(c engine.Container, np *networkPlan) plan.StepID {
	sl := u.slotOf(c.ID)
	if sl == nil || sl.fate == rebuild {
		return u.gone[c.ID]
	}
	id := sl.id + "/disconnect " + plan.StepID(np.Key)
	u.Add(id, plan.DisconnectNetwork{Target: c.Ref, Network: np.id, Name: np.Name}, np.replace, append(slices.Clone(u.imageSteps), sl.stopID())...)
	u.Last().Finish = sl.stopID() != ""
	return id
}

// putBack reconnects and restarts a container after a failure.
func (u *up) putBack(c engine.Container, np *networkPlan) []plan.Action {
	actions := []plan.Action{plan.ConnectNetwork{Target: c.Ref, Endpoint: u.endpoint(c, np.Network)}}
	if c.State == engine.Running {
		actions = append(actions, plan.StartContainer{Target: c.Ref, Service: c.Service})
	}
	return actions
}

// endpoint are the full settings of the container on the network, as its
// service declares them; a container of no declared service gets its names.
func (u *up) endpoint(c engine.Container, n *project.Network) engine.EndpointSpec {
	s := u.want.Service(c.Service)
	if s == nil {
		s = u.want.DisabledService(c.Service)
	}
	if s == nil {
		s = &project.Service{Name: c.Service}
	}
	return engine.EndpointSpec{Project: u.want, Service: s, Network: n, Container: c.Name}
}

// removeRenamedNetworks removes the project's networks that have another name
// now, once no container of the plan is attached to them.
func (u *up) removeRenamedNetworks() {
	for _, key := range u.networkKeys() {
		for _, old := range u.networks[key].renamed {
			after := []plan.StepID{u.networks[key].ready}
			busy := false
			for _, c := range u.have.Containers {
				if engine.Attached(c, old.ID, old.Name) {
					after, busy = append(after, u.gone[c.ID]), busy || u.gone[c.ID] == ""
				}
			}
			if busy {
				u.Warn("network %s has become %s; %s is kept while containers use it", old.Name, u.networks[key].Name, old.Name)
				continue
			}
			u.Add(networkID(u.networks[key].Network)+plan.StepID("/remove "+strings.TrimPrefix(old.Name, u.want.Name+"_")),
				plan.RemoveNetwork{ID: old.ID, Name: old.Name}, "renamed to "+u.networks[key].Name, after...)
		}
	}
}
