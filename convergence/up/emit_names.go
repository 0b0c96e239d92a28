package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// waitForNames lets containers take their names only once whoever has them now
// is gone. A container that is replaced itself steps aside for another slot's
// before that: its own successor, or its stop, may wait for that other container.
func (c converger) waitForNames() {
	holding := make(map[string][]*engine.Container, len(c.out.Have.Containers))
	for i := range c.out.Have.Containers {
		o := &c.out.Have.Containers[i]
		holding[o.Name] = append(holding[o.Name], o)
	}
	for _, sv := range c.f.order {
		for _, sl := range sv.Slots {
			if sl.Renamed != nil {
				c.freeName(sl, sl.Renamed, holding[sl.Old.Name])
			}
			if !sl.Fate.Keeps() {
				c.freeName(sl, sl.Named(), holding[sl.Name])
			}
		}
	}
}

// freeName makes the step that gives the slot a name wait until every other
// container has lost it.
func (c converger) freeName(sl *survey.Slot, takes *plan.Handle, holding []*engine.Container) {
	for _, o := range holding {
		if sl.Old == nil || o.ID != sl.Old.ID {
			c.freeNameOf(sl, takes, *o)
		}
	}
}

func (c converger) freeNameOf(sl *survey.Slot, takes *plan.Handle, o engine.Container) {
	holder := c.f.holders[o.ID]
	switch {
	case holder == nil || holder.Old.State.HalfRemoved():
		takes.Need(c.out.Removals[o.ID].Step)
	case holder.Renamed != nil:
		takes.Need(holder.Renamed)
	case holder.Fate.Replaces():
		if holder.Aside == nil {
			holder.Aside = c.out.Add(holder.Of, "step-aside", plan.RenameContainer{Target: o.Ref, Name: project.TemporaryName(o.ID, o.Name)},
				o.Name+" is the name of service "+sl.Svc.Name+" now", append(c.out.Bringing.All[:len(c.out.Bringing.All):len(c.out.Bringing.All)], holder.First...)...)
			holder.Aside.Finish = takes.Finish
			holder.Steps.Remove.Need(holder.Aside)
		}
		takes.Need(holder.Aside)
	}
}
