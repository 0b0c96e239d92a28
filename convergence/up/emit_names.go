package up

import (
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// waitForNames lets containers take their names only once whoever has them now
// is gone. A container that is replaced itself steps aside for another slot's
// before that: its own successor may wait for that other container.
func (c converger) waitForNames() {
	holding := map[string][]engine.Container{}
	for _, o := range c.have.Containers {
		holding[o.Name] = append(holding[o.Name], o)
	}
	for _, sv := range c.f.order {
		for _, sl := range sv.slots {
			if sl.renamed != nil {
				c.freeName(sl, sl.renamed, holding[sl.old.Name])
			}
			if !sl.Fate.Keeps() {
				c.freeName(sl, sl.named(), holding[sl.name])
			}
		}
	}
}

// freeName makes the step that gives the slot a name wait until every other
// container has lost it.
func (c converger) freeName(sl *slot, takes *plan.Handle, holding []engine.Container) {
	for _, o := range holding {
		if sl.old == nil || o.ID != sl.old.ID {
			c.freeNameOf(sl, takes, o)
		}
	}
}

func (c converger) freeNameOf(sl *slot, takes *plan.Handle, o engine.Container) {
	holder := c.f.holders[o.ID]
	switch {
	case holder == nil || holder.Fate == fate.Rebuild:
		takes.Need(c.removals[o.ID].step)
	case holder.renamed != nil:
		takes.Need(holder.renamed)
	case holder.Fate == fate.Recreate:
		if holder.aside == nil {
			holder.aside = c.Add(holder.of, "step-aside", plan.RenameContainer{Target: o.Ref, Name: project.TemporaryName(o.ID, o.Name)},
				o.Name+" is the name of service "+sl.svc.Name+" now", append(c.bringing.All[:len(c.bringing.All):len(c.bringing.All)], holder.first...)...)
			holder.aside.Finish = takes.Finish
			holder.steps.remove.Need(holder.aside)
		}
		takes.Need(holder.aside)
	}
}
