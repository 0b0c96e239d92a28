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

// emitNetworks creates what is missing and replaces what changed, once every
// image is there, so that an image that cannot be had leaves nothing behind. A replaced
// network loses its containers first: each is stopped and disconnected, and
// connected again, with the full settings of its service, by what follows.
func (c converger) emitNetworks() {
	for _, n := range c.f.networksInOrder() {
		alone := c.removeDuplicates(n)
		switch {
		case n.create:
			c.out.Put(c.networks[n.Key], networkSteps(n), "create", c.createNetwork(n), "does not exist yet", c.out.Bringing.All...)
		case n.replace != "":
			c.replaceNetwork(n, alone)
		}
	}
}

func networkSteps(n *networkFate) string { return "network " + n.Key }

func (c converger) createNetwork(n *networkFate) plan.CreateNetwork {
	return plan.CreateNetwork{Network: n.Network, Labels: creation.NetworkLabels(c.out.Want, n.Network)}
}

// removeDuplicates removes them one after the other and returns the last step. What
// starts on the network waits for it.
func (c converger) removeDuplicates(n *networkFate) *plan.Handle {
	var last *plan.Handle
	for i, twin := range n.duplicates {
		step := &plan.Handle{}
		if i == len(n.duplicates)-1 && n.replace == "" {
			step = c.networks[n.Key]
		}
		last = c.out.Put(step, networkSteps(n), "remove "+plan.ShortID(twin.ID), plan.RemoveNetwork{ID: twin.ID, Name: twin.Name},
			"a second network of this name, left behind by an interrupted run", last)
	}
	if last == nil {
		return nil
	}
	for _, sv := range c.f.order {
		for _, sl := range sv.Slots {
			if sl.Fate.Keeps() && slices.Contains(sv.Networks, n.Key) {
				sl.First = append([]*plan.Handle{last}, sl.First...)
			}
		}
	}
	return last
}

func (c converger) replaceNetwork(n *networkFate, alone *plan.Handle) {
	var freed []*plan.Handle
	var restore []plan.Action
	for _, o := range c.out.Have.Containers {
		if !engine.Attached(o, n.id, n.Name) {
			continue
		}
		freed = append(freed, c.detach(o, n))
		if sl := c.f.holders[o.ID]; sl != nil && sl.Fate != fate.Rebuild {
			restore = append(restore, c.putBack(o, n)...)
		}
	}
	remove := c.out.Add(networkSteps(n), "remove", plan.RemoveNetwork{ID: n.id, Name: n.Name}, n.replace, append(freed, c.out.Bringing.All...)...)
	remove.Finish, remove.OnFailure = len(freed) > 0, restore
	create := c.out.Put(c.networks[n.Key], networkSteps(n), "create", c.createNetwork(n), n.replace, remove, alone)
	create.Finish, create.OnFailure = true, restore
}

// detach disconnects the container once it is stopped, whether it will be
// replaced or connected again. One that is removed for good is just gone.
func (c converger) detach(o engine.Container, n *networkFate) *plan.Handle {
	sl := c.f.holders[o.ID]
	if sl == nil || sl.Fate == fate.Rebuild {
		return c.out.Removals[o.ID].Step
	}
	left := c.out.Add(sl.Of, "disconnect "+n.Key, plan.DisconnectNetwork{Target: o.Ref, Network: n.id, Name: n.Name}, n.replace, append(slices.Clone(c.out.Bringing.All), sl.Stop)...)
	left.Finish = sl.Stops()
	if sl.Leaves == nil {
		sl.Leaves = map[string]*plan.Handle{}
	}
	sl.Leaves[n.Key] = left
	return left
}

// putBack reconnects and restarts a container after a failure.
func (c converger) putBack(o engine.Container, n *networkFate) []plan.Action {
	actions := []plan.Action{plan.ConnectNetwork{Target: o.Ref, Endpoint: c.endpoint(o, n.Network)}}
	if o.State == engine.Running {
		actions = append(actions, plan.StartContainer{Target: o.Ref, Service: o.Service})
	}
	return actions
}

// endpoint are the full settings of the container on the network, as its
// service declares them; a container of no declared service gets its names.
func (c converger) endpoint(o engine.Container, n *project.Network) engine.EndpointSpec {
	s := c.out.Want.Declared(o.Service)
	if s == nil {
		s = &project.Service{Name: o.Service}
	}
	return engine.EndpointSpec{Project: c.out.Want, Service: s, Network: n, Container: o.Name}
}

// removeRenamedNetworks removes the project's networks that have another name
// now, once no container of the plan is attached to them.
func (c converger) removeRenamedNetworks() {
	for _, n := range c.f.networksInOrder() {
		for _, old := range n.renamed {
			after := []*plan.Handle{c.networks[n.Key]}
			busy := false
			for _, o := range c.out.Have.Containers {
				if engine.Attached(o, old.ID, old.Name) {
					after, busy = append(after, c.out.Removals[o.ID].Step), busy || c.out.Removals[o.ID].Step == nil
				}
			}
			if busy {
				c.out.Warn("network %s was renamed to %s; keeping %s while containers use it", old.Name, n.Name, old.Name)
				continue
			}
			c.out.Add(networkSteps(n), "remove "+strings.TrimPrefix(old.Name, c.out.Name+"_"),
				plan.RemoveNetwork{ID: old.ID, Name: old.Name}, "renamed to "+n.Name, after...)
		}
	}
}
