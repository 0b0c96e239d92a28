package up

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// fate is what becomes of a slot's container.
type fate int

const (
	keep     fate = iota // stays; may be started or bounced
	create               // there is none yet
	recreate             // a successor is made beside it and takes over
	rebuild              // removed first, then made anew
)

// slot is one replica of a service as it will be.
type slot struct {
	svc     *servicePlan
	number  int
	id      plan.StepID // "web-1": prefix of the IDs of its steps
	name    string      // final name of the container
	old     *engine.Container
	fate    fate
	why     string                // of create, recreate, rebuild
	bounce  string                // why a running container is stopped and started again
	early   bool                  // its stop does not wait for dependencies to be ready
	apart   bool                  // its stop does not wait for the creation of the successor
	first   []plan.StepID         // repairs of an interrupted run
	renamed plan.StepID           // of the repairs, the one that gives the container its name back
	awaits  []plan.StepID         // stops of others that its start waits for
	refs    map[string]engine.Ref // containers that it joins, by service
	ids     map[string]string     // their IDs, as far as they are observed
}

// replicas are the service's containers that are no one-offs.
func replicas(have engine.Observed, service string) []engine.Container {
	return slices.DeleteFunc(have.Of(service), func(c engine.Container) bool { return !engine.Managed(c) })
}

// containerStepID is the prefix of the IDs of a container's steps: service and
// number, or for one-offs and hooks what is special about the name.
func containerStepID(projectName string, c engine.Container) plan.StepID {
	if c.OneOff || c.Number == 0 || !engine.Managed(c) {
		name := strings.TrimPrefix(c.Name, projectName+"-")
		return plan.StepID(strings.TrimPrefix(name, projectName+"_"))
	}
	id := plan.StepID(fmt.Sprintf("%s-%d", c.Service, c.Number))
	if _, temporary := project.FinalName(c.Name); temporary {
		id += ".new"
	}
	return id
}

// survey decides about every container of a service. Services that it depends
// on have been surveyed before.
func (u *up) survey(s *project.Service) {
	sp := &servicePlan{Service: s}
	u.services[s.Name] = sp
	u.order = append(u.order, sp)
	if s.Provider {
		return
	}
	refs, ids, joined := u.joins(s)
	slots := u.repair(sp)
	for _, sl := range slots {
		sl.refs, sl.ids = refs, ids
		u.judge(sl, joined)
	}
	sp.slots = u.scale(sp, slots)
	for _, sl := range sp.slots {
		sl.refs, sl.ids = refs, ids
	}
	sp.replaced = replacedFirst(sp.slots)
	u.settle(sp)
}

// settle notes which containers the service's slots remove, and which running
// ones they stop and start again.
func (u *up) settle(sp *servicePlan) {
	why := u.restartReason(sp.Service)
	for _, sl := range sp.slots {
		if sl.fate == recreate || sl.fate == rebuild {
			u.gone[sl.old.ID] = sl.id + "/remove"
		}
		if sl.fate != create {
			sl.early = why != "" || sl.fate == rebuild || u.replacedNetwork(*sl.old) != ""
		}
		if sl.fate == keep && sl.runs() && !u.opt.NoStart {
			sl.bounce = cmp.Or(u.replacedNetwork(*sl.old), why)
		}
	}
}

// replacedFirst is why the service's first container, the one that others
// join, gets another ID; empty if it stays.
func replacedFirst(slots []*slot) string {
	first := firstByName(slots)
	if first == nil || first.fate == keep {
		return ""
	}
	return first.why
}

// firstByName is the slot whose container others join.
func firstByName(slots []*slot) *slot {
	if len(slots) == 0 {
		return nil
	}
	return slices.MinFunc(slots, func(a, b *slot) int { return strings.Compare(a.name, b.name) })
}

// joins resolves the services whose namespaces or volumes the service joins.
// joined names those whose container will be another one.
func (u *up) joins(s *project.Service) (refs map[string]engine.Ref, ids map[string]string, joined string) {
	refs, ids = map[string]engine.Ref{}, map[string]string{}
	for _, ns := range creation.JoinedBy(s) {
		if sp := u.services[ns.Service]; sp != nil {
			first := firstByName(sp.slots)
			switch {
			case first == nil && ns.Attribute == creation.ByLinks:
			case first == nil:
				u.Fail(s.Pos, "service %s: %s joins service %s, which has no container", s.Name, ns.Attribute, ns.Service)
			case first.fate == keep:
				refs[ns.Service] = engine.Ref{ID: first.old.ID, Name: first.name}
				ids[ns.Service] = first.old.ID
			default:
				refs[ns.Service] = engine.Ref{Name: first.name}
				if joined == "" {
					joined = joinsWords(ns)
				}
			}
			continue
		}
		others := replicas(u.have, ns.Service)
		if len(others) == 0 && ns.Attribute == creation.ByLinks {
			continue
		}
		if len(others) == 0 {
			u.Fail(s.Pos, "service %s: %s joins service %s, which has no container", s.Name, ns.Attribute, ns.Service)
			continue
		}
		c := slices.MinFunc(others, func(a, b engine.Container) int { return strings.Compare(a.Name, b.Name) })
		refs[ns.Service], ids[ns.Service] = c.Ref, c.ID
	}
	return refs, ids, joined
}

// judge decides about an existing container.
func (u *up) judge(sl *slot, joined string) {
	c, policy := *sl.old, u.policy(sl.svc.Name)
	why := u.replacedVolume(c)
	if why != "" {
		sl.fate, sl.why = rebuild, why
		return
	}
	switch {
	case policy == RecreateNever && c.State != engine.Dead && c.State != engine.Removing:
		return
	case policy == RecreateForce && u.opt.RenewAnonVolumes && u.targets[sl.svc.Name]:
		why = "new anonymous volumes were asked for"
	case policy == RecreateForce:
		why = "a recreation was asked for"
	case joined != "":
		why = joined
	default:
		why = u.divergence(sl.svc.Service, c, sl.ids)
	}
	if why == "" {
		return
	}
	sl.fate, sl.why = recreate, why
	if c.State == engine.Dead || c.State == engine.Removing {
		sl.fate = rebuild
	}
}

// scale keeps as many containers as are asked for: those that are up to date
// and have the lowest numbers. The rest is removed; missing ones get numbers
// after the highest.
func (u *up) scale(sp *servicePlan, slots []*slot) []*slot {
	slices.SortStableFunc(slots, func(a, b *slot) int {
		return cmp.Or(cmp.Compare(min(a.fate, recreate), min(b.fate, recreate)), cmp.Compare(a.number, b.number))
	})
	next := 1
	for _, sl := range slots {
		next = max(next, sl.number+1)
	}
	for len(slots) > sp.Replicas {
		sl := slots[len(slots)-1]
		slots = slots[:len(slots)-1]
		u.doom(*sl.old, sl.id, sp.Service, u.surplusReason(sp), sl.first)
	}
	slices.SortFunc(slots, func(a, b *slot) int { return cmp.Compare(a.number, b.number) })
	for len(slots) < sp.Replicas {
		slots = append(slots, &slot{
			svc: sp, number: next, id: plan.StepID(fmt.Sprintf("%s-%d", sp.Name, next)),
			name: u.want.ContainerName(sp.Service, next), fate: create, why: u.createReason(sp, slots),
		})
		next++
	}
	return slots
}

func (u *up) surplusReason(sp *servicePlan) string {
	return fmt.Sprintf("%s is scaled to %d", sp.Name, sp.Replicas)
}

func (u *up) createReason(sp *servicePlan, slots []*slot) string {
	if len(slots) == 0 {
		return "not there yet"
	}
	return fmt.Sprintf("%s is scaled to %d", sp.Name, sp.Replicas)
}

// slotOf is the slot that a container with that ID fills.
func (u *up) slotOf(id string) *slot {
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.old != nil && sl.old.ID == id {
				return sl
			}
		}
	}
	return nil
}

// runs reports whether the slot's container runs now.
func (s *slot) runs() bool { return s.old != nil && engine.Alive(*s.old) }

// stopID is the step that stops the container that is there; empty if none does.
func (s *slot) stopID() plan.StepID {
	if s.runs() && (s.fate != keep || s.bounce != "") {
		return s.id + "/stop"
	}
	return ""
}
