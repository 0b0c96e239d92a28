package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Stop runs the pre_stop hooks of the slot's container and stops it. The result
// is what a step after the stop needs.
func (e *Emitter) Stop(sl *survey.Slot, why string, needs []*plan.Handle) []*plan.Handle {
	_, needs = e.PreStop(sl, why, needs)
	return []*plan.Handle{e.Put(sl.Stop, sl.Of, "stop", plan.StopContainer{Target: sl.Old.Ref, Grace: e.Opt.Grace}, why, needs...)}
}

// PreStop runs the pre_stop hooks of a container, which needs it unpaused. What
// the hooks of a container without its service are cannot be known: they may hold
// secrets, so no label keeps them. The result are its steps, and what the next
// step needs.
func (e *Emitter) PreStop(sl *survey.Slot, why string, needs []*plan.Handle) (added, after []*plan.Handle) {
	c := *sl.Old
	if _, had := project.ParseFingerprints(c.Labels[project.LabelSections])["pre_stop"]; !sl.Svc.Declared && had {
		e.Warn("skipping the pre_stop hooks of %s: no Compose file declares them", c.Name)
	}
	if !sl.Svc.Declared || len(sl.Svc.PreStop) == 0 || c.State == engine.Restarting {
		return nil, needs
	}
	if c.State == engine.Paused {
		added = append(added, e.Add(sl.Of, "unpause", plan.UnpauseContainer{Target: c.Ref}, "pre_stop hooks run before it stops", needs...))
		needs = added
	}
	for i, h := range sl.Svc.PreStop {
		run := plan.RunHook{Target: c.Ref, Service: c.Service, Kind: "pre_stop", Index: i, Hook: h}
		hook := e.Add(sl.Of, fmt.Sprintf("pre_stop-%d", i), run, why, needs...)
		added, needs = append(added, hook), []*plan.Handle{hook}
	}
	return added, needs
}

// Discard stops the slot's container and removes it for good, together with its
// Anonymous volumes.
func (e *Emitter) Discard(sl *survey.Slot, needs []*plan.Handle) *plan.Handle {
	if sl.Stops() {
		needs = e.Stop(sl, sl.Why, needs)
	}
	return e.RemoveOld(sl, sl.Why, needs)
}

// RemoveOld removes the container that is there.
func (e *Emitter) RemoveOld(sl *survey.Slot, why string, needs []*plan.Handle) *plan.Handle {
	remove := plan.RemoveContainer{Target: sl.Old.Ref, Volumes: e.Removals[sl.Old.ID].Volumes}
	return e.Put(sl.Remove, sl.Of, "remove", remove, why, needs...)
}

// Removal is how a container is removed.
type Removal struct {
	Step    *plan.Handle
	Of      string // names its steps
	Volumes bool   // the engine removes the anonymous volumes that it was made with
}

// Anonymous reports whether the mount is a volume that nobody named.
func Anonymous(m engine.Mount) bool {
	return m.Type == "volume" && len(m.Name) == 64 && strings.Trim(m.Name, "0123456789abcdef") == ""
}

// DropAnonymous completes a plan with what becomes of anonymous volumes: those
// that nothing mounts once the removed containers are gone, and that no successor
// inherits. The engine removes them with the container that they were made with;
// those that were inherited or shared are removed by name.
func (e *Emitter) DropAnonymous(inherited map[string]bool) {
	if len(e.Removals) == 0 {
		return
	}
	seen := map[string]bool{}
	mounting := map[string][]engine.Container{}
	for _, c := range e.Have.Containers {
		for _, m := range c.Mounts {
			if Anonymous(m) && !slices.ContainsFunc(mounting[m.Name], func(o engine.Container) bool { return o.ID == c.ID }) {
				mounting[m.Name] = append(mounting[m.Name], c)
			}
		}
	}
	for _, c := range e.Have.Containers {
		if e.Removals[c.ID].Step == nil {
			continue
		}
		for _, m := range c.Mounts {
			if !Anonymous(m) || seen[m.Name] || inherited[m.Name] {
				continue
			}
			seen[m.Name] = true
			e.dropVolume(c, m, mounting[m.Name])
		}
	}
}

func (e *Emitter) dropVolume(first engine.Container, m engine.Mount, mounting []engine.Container) {
	var removals []*plan.Handle
	for _, o := range mounting {
		if e.Removals[o.ID].Step == nil {
			return
		}
		removals = append(removals, e.Removals[o.ID].Step)
	}
	removed := e.Removals[first.ID]
	lost := fmt.Sprintf("anonymous volume %s (%s)", plan.ShortID(m.Name), m.Target)
	if removed.Volumes && len(removals) == 1 && first.Labels[project.LabelReplace] == "" {
		if removed.Step.Destroys != "" {
			lost = removed.Step.Destroys + ", " + lost
		}
		removed.Step.Destroys = lost
		return
	}
	e.Add(removed.Of, "remove-volume "+plan.ShortID(m.Name), plan.RemoveVolume{Name: m.Name}, "no container mounts it any more", removals...).Destroys = lost
}
