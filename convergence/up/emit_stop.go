package up

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// stop runs the pre_stop hooks of the slot's container and stops it. The result
// is what a step after the stop needs.
func (e *emitter) stop(sl *slot, why string, needs []*plan.Handle) []*plan.Handle {
	_, needs = e.preStop(sl, why, needs)
	return []*plan.Handle{e.Put(sl.stop, sl.of, "stop", plan.StopContainer{Target: sl.old.Ref, Grace: e.opt.grace}, why, needs...)}
}

// preStop runs the pre_stop hooks of a container, which needs it unpaused. What
// the hooks of a container without its service are cannot be known: they may hold
// secrets, so no label keeps them. The result are its steps, and what the next
// step needs.
func (e *emitter) preStop(sl *slot, why string, needs []*plan.Handle) (added, after []*plan.Handle) {
	c := *sl.old
	if _, had := project.ParseFingerprints(c.Labels[project.LabelSections])["pre_stop"]; !sl.svc.declared && had {
		e.Warn("the pre_stop hooks of %s do not run: there is no file that says what they are", c.Name)
	}
	if !sl.svc.declared || len(sl.svc.PreStop) == 0 || c.State == engine.Restarting {
		return nil, needs
	}
	if c.State == engine.Paused {
		added = append(added, e.Add(sl.of, "unpause", plan.UnpauseContainer{Target: c.Ref}, "its pre_stop hooks run before it stops", needs...))
		needs = added
	}
	for i, h := range sl.svc.PreStop {
		run := plan.RunHook{Target: c.Ref, Service: c.Service, Kind: "pre_stop", Index: i, Hook: h}
		hook := e.Add(sl.of, fmt.Sprintf("pre_stop-%d", i), run, why, needs...)
		added, needs = append(added, hook), []*plan.Handle{hook}
	}
	return added, needs
}

// discard stops the slot's container and removes it for good, together with its
// anonymous volumes.
func (e *emitter) discard(sl *slot, needs []*plan.Handle) *plan.Handle {
	if sl.stops() {
		needs = e.stop(sl, sl.Why, needs)
	}
	return e.removeOld(sl, sl.Why, needs)
}

// removeOld removes the container that is there.
func (e *emitter) removeOld(sl *slot, why string, needs []*plan.Handle) *plan.Handle {
	remove := plan.RemoveContainer{Target: sl.old.Ref, Volumes: e.removals[sl.old.ID].volumes}
	return e.Put(sl.remove, sl.of, "remove", remove, why, needs...)
}

// removal is how a container is removed.
type removal struct {
	step    *plan.Handle
	of      string // names its steps
	volumes bool   // the engine removes the anonymous volumes that it was made with
}

// anonymous reports whether the mount is a volume that nobody named.
func anonymous(m engine.Mount) bool {
	return m.Type == "volume" && len(m.Name) == 64 && strings.Trim(m.Name, "0123456789abcdef") == ""
}

// dropAnonymous completes a plan with what becomes of anonymous volumes: those
// that nothing mounts once the removed containers are gone, and that no successor
// inherits. The engine removes them with the container that they were made with;
// those that were inherited or shared are removed by name.
func (e *emitter) dropAnonymous(inherited map[string]bool) {
	seen := map[string]bool{}
	mounting := map[string][]engine.Container{}
	for _, c := range e.have.Containers {
		for _, m := range c.Mounts {
			if anonymous(m) && !slices.ContainsFunc(mounting[m.Name], func(o engine.Container) bool { return o.ID == c.ID }) {
				mounting[m.Name] = append(mounting[m.Name], c)
			}
		}
	}
	for _, c := range e.have.Containers {
		if e.removals[c.ID].step == nil {
			continue
		}
		for _, m := range c.Mounts {
			if !anonymous(m) || seen[m.Name] || inherited[m.Name] {
				continue
			}
			seen[m.Name] = true
			e.dropVolume(c, m, mounting[m.Name])
		}
	}
}

func (e *emitter) dropVolume(first engine.Container, m engine.Mount, mounting []engine.Container) {
	var removals []*plan.Handle
	for _, o := range mounting {
		if e.removals[o.ID].step == nil {
			return
		}
		removals = append(removals, e.removals[o.ID].step)
	}
	removed := e.removals[first.ID]
	lost := fmt.Sprintf("anonymous volume %s (%s)", plan.ShortID(m.Name), m.Target)
	if removed.volumes && len(removals) == 1 && first.Labels[project.LabelReplace] == "" {
		if removed.step.Destroys != "" {
			lost = removed.step.Destroys + ", " + lost
		}
		removed.step.Destroys = lost
		return
	}
	e.Add(removed.of, "remove-volume "+plan.ShortID(m.Name), plan.RemoveVolume{Name: m.Name}, "no container mounts it any more", removals...).Destroys = lost
}
