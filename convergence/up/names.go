package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// waitForNames lets containers take their names only once whoever has them now
// is gone. A container that is replaced itself steps aside for another slot's
// before that: its own successor may wait for that other container.
func (u *up) waitForNames() {
	for _, sp := range u.order {
		for _, sl := range sp.slots {
			if sl.renamed != "" {
				u.freeName(sl, sl.renamed, sl.old.Name)
			}
			if sl.fate != keep {
				u.freeName(sl, u.namedID(sl), sl.name)
			}
		}
	}
}

// freeName makes the step that gives the slot a name wait until every other
// container has lost it.
func (u *up) freeName(sl *slot, takes plan.StepID, name string) {
	for _, c := range u.have.Containers {
		if c.Name == name && (sl.old == nil || c.ID != sl.old.ID) {
			u.freeNameOf(sl, u.Step(takes), c)
		}
	}
}

func (u *up) freeNameOf(sl *slot, taker *plan.Step, c engine.Container) {
	holder := u.slotOf(c.ID)
	switch {
	case holder == nil || holder.fate == rebuild:
		taker.Needs = append(taker.Needs, u.gone[c.ID])
	case holder.renamed != "":
		taker.Needs = append(taker.Needs, holder.renamed)
	case holder.fate == recreate:
		id := holder.id + "/step-aside"
		taker.Needs = append(taker.Needs, id)
		finish := taker.Finish
		if u.steppedAside[id] {
			return
		}
		u.steppedAside[id] = true
		u.Add(id, plan.RenameContainer{Target: c.Ref, Name: project.TemporaryName(c.ID, c.Name)},
			c.Name+" is the name of service "+sl.svc.Name+" now", append(u.imageSteps[:len(u.imageSteps):len(u.imageSteps)], holder.first...)...)
		u.Last().Finish = finish
		removal := u.Step(u.gone[c.ID])
		removal.Needs = append(removal.Needs, id)
	}
}
