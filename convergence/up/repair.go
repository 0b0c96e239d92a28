package up

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// repair finds the service's replicas and puts in order what an interrupted
// recreation left behind. A successor carries a temporary name until its
// predecessor is gone:
//
//	successor not running, predecessor there → the successor goes; the anonymous
//	    volumes that it inherited are the predecessor's and stay
//	successor running, predecessor there     → the predecessor goes
//	predecessor gone                         → the successor gets its name
func (u *up) repair(sp *servicePlan) []*slot {
	groups := map[int][]engine.Container{}
	var numbers []int
	for _, c := range replicas(u.have, sp.Name) {
		if groups[c.Number] == nil {
			numbers = append(numbers, c.Number)
		}
		groups[c.Number] = append(groups[c.Number], c)
	}
	slices.Sort(numbers)
	var slots []*slot
	for _, n := range numbers {
		slots = append(slots, u.repairSlot(sp, groups[n]))
	}
	return slots
}

func (u *up) repairSlot(sp *servicePlan, group []engine.Container) *slot {
	stays := survivor(group)
	final := stays.Name
	if name, temporary := project.FinalName(stays.Name); temporary && isSuccessorName(u.want, sp.Service, name, stays.Number) {
		final = name
	}
	sl := &slot{svc: sp, number: stays.Number, id: plan.StepID(fmt.Sprintf("%s-%d", sp.Name, stays.Number))}
	for _, c := range group {
		if c.ID == stays.ID {
			continue
		}
		sl.first = append(sl.first, u.removeRival(sl, c, stays))
	}
	if final != stays.Name {
		rename := u.Add(sl.id+"/repair-rename", plan.RenameContainer{Target: stays.Ref, Name: final},
			"an interrupted run left it with a temporary name", slices.Clone(sl.first)...)
		sl.first, sl.renamed = append(sl.first, rename), rename
		stays.Name = final
	}
	sl.name = u.want.ContainerName(sp.Service, stays.Number)
	if stays.Name != sl.name {
		sl.name = keptName(u, sp, stays, sl.name)
	}
	sl.old = &stays
	return sl
}

// keptName lets a container keep a name with the other separator: the stack
// was made with or without compatibility mode.
func keptName(u *up, sp *servicePlan, c engine.Container, wanted string) string {
	if sp.ContainerName == "" && strings.ReplaceAll(c.Name, "_", "-") == strings.ReplaceAll(wanted, "_", "-") {
		return c.Name
	}
	return wanted
}

// isSuccessorName reports whether a temporary name belongs to that replica; a
// container_name may look like one by chance.
func isSuccessorName(p *project.Project, s *project.Service, final string, number int) bool {
	if s.ContainerName != "" && final == s.ContainerName {
		return true
	}
	canonical := strings.Join([]string{p.Name, s.Name, strconv.Itoa(number)}, "-")
	return strings.ReplaceAll(final, "_", "-") == strings.ReplaceAll(canonical, "_", "-")
}

// survivor is the container of a slot that goes on: a running successor, else
// the one that is nobody's successor.
func survivor(group []engine.Container) engine.Container {
	if len(group) == 1 {
		return group[0]
	}
	sorted := slices.Clone(group)
	slices.SortStableFunc(sorted, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(rank(a, group), rank(b, group)), b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return sorted[0]
}

// rank orders the containers of a slot: running successors, then running and
// other containers without predecessor, then successors that do not run.
func rank(c engine.Container, group []engine.Container) int {
	prefix, _, temporary := strings.Cut(c.Name, "_")
	_, temporaryShape := project.FinalName(c.Name)
	successor := temporary && temporaryShape && slices.ContainsFunc(group, func(o engine.Container) bool {
		return o.ID != c.ID && strings.HasPrefix(o.ID, prefix)
	})
	running := c.State == engine.Running || c.State == engine.Paused
	switch {
	case successor && running:
		return 0
	case !successor && running:
		return 1
	case !successor:
		return 2
	}
	return 3
}

// removeRival removes what shares a slot with the container that stays. A
// successor that never ran goes without the volumes it inherited.
func (u *up) removeRival(sl *slot, c, stays engine.Container) plan.StepID {
	id, why := sl.id+".old", "an interrupted run had already started its successor"
	if rank(c, []engine.Container{c, stays}) == 3 {
		id, why = sl.id+".new", "an interrupted run left it behind"
	}
	if n := len(sl.first); n > 0 {
		id += plan.StepID(strconv.Itoa(n + 1))
	}
	needs := u.imageSteps
	if engine.Alive(c) {
		needs = u.stopWithHooks(sl.svc.Service, c, id, why, needs)
	}
	u.gone[c.ID] = u.Add(id+"/remove", plan.RemoveContainer{Target: c.Ref, Volumes: true}, why, needs...)
	return u.gone[c.ID]
}
