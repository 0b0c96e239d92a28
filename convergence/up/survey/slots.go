package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// FindSlots finds the service's replicas by number, and what an interrupted
// recreation left behind. A successor carries a temporary name until its
// predecessor is gone:
//
//	successor not running, predecessor there → the successor goes; the anonymous
//	    volumes that it inherited are the predecessor's and stay
//	successor running, predecessor there     → the predecessor goes
//	predecessor gone                         → the successor gets its name
func (w *World) FindSlots(sv *Service) []*Slot {
	var slots []*Slot
	for found := w.Replicas[sv.Name]; len(found) > 0; { // they are sorted by number
		n := 1
		for n < len(found) && found[n].Number == found[0].Number {
			n++
		}
		slots, found = append(slots, w.findSlot(sv, found[:n])), found[n:]
	}
	return slots
}

func (w *World) findSlot(sv *Service, group []*engine.Container) *Slot {
	stays := survivor(group)
	sl := &Slot{Svc: sv, Number: stays.Number, Of: fmt.Sprintf("%s-%d", sv.Name, stays.Number)}
	for _, c := range group {
		if c.ID != stays.ID {
			sl.Duplicates = append(sl.Duplicates, newDuplicate(sl, c, stays))
		}
	}
	if final, temporary := project.FinalName(stays.Name); temporary && !stays.State.HalfRemoved() && isSuccessorName(w.Want, sv.Service, final, stays.Number) {
		named := *stays // once it has been renamed
		named.Name = final
		sl.TemporaryName, stays = stays.Name, &named
	}
	sl.Name = w.Want.ContainerName(sv.Service, stays.Number)
	if keepsName(sv, stays, sl.Name) {
		sl.Name = stays.Name
	}
	sl.Old = stays
	return sl
}

// newDuplicate is what shares a slot with the container that stays.
func newDuplicate(sl *Slot, c, stays *engine.Container) *Slot {
	kind, of := fate.Predecessor, sl.Of+".old"
	if rank(c, []*engine.Container{c, stays}) == successorDown {
		kind, of = fate.Leftover, sl.Of+".new"
	}
	if n := len(sl.Duplicates); n > 0 {
		of += strconv.Itoa(n + 1)
	}
	rival := SlotFor(sl.Svc, of, c)
	rival.Verdict = fate.Of(fate.Facts{Kind: kind, State: c.State})
	return rival
}

// keepsName lets a container keep a name with the other separator: the stack
// was made with or without compatibility mode.
func keepsName(sv *Service, c *engine.Container, wanted string) bool {
	return sv.ContainerName == "" && strings.ReplaceAll(c.Name, "_", "-") == strings.ReplaceAll(wanted, "_", "-")
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
func survivor(group []*engine.Container) *engine.Container {
	if len(group) == 1 {
		return group[0]
	}
	return slices.MinFunc(group, func(a, b *engine.Container) int {
		return cmp.Or(cmp.Compare(rank(a, group), rank(b, group)), b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
}

// The ranks of the containers of a slot.
const (
	successorUp = iota
	otherUp
	otherDown
	successorDown
)

// rank orders the containers of a slot: running successors, then running and
// other containers without predecessor, then successors that do not run.
func rank(c *engine.Container, group []*engine.Container) int {
	prefix, _, temporary := strings.Cut(c.Name, "_")
	_, temporaryShape := project.FinalName(c.Name)
	successor := temporary && temporaryShape && slices.ContainsFunc(group, func(o *engine.Container) bool {
		return o.ID != c.ID && strings.HasPrefix(o.ID, prefix)
	})
	running := c.State == engine.Running || c.State == engine.Paused
	switch {
	case successor && running:
		return successorUp
	case !successor && running:
		return otherUp
	case !successor:
		return otherDown
	}
	return successorDown
}
