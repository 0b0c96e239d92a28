package up

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// doom plans the removal of a container without a successor, together with its
// anonymous volumes.
func (u *up) doom(c engine.Container, id plan.StepID, s *project.Service, why string, first []plan.StepID) {
	needs := slices.Concat(u.imageSteps, first)
	if engine.Alive(c) {
		needs = u.stopWithHooks(s, c, id, why, needs)
	}
	u.gone[c.ID] = u.Add(id+"/remove", plan.RemoveContainer{Target: c.Ref, Volumes: true}, why, needs...)
}

// stopWithHooks runs pre_stop hooks and stops the container; the result is
// what a step after the stop needs. A nil service has no hooks.
func (u *up) stopWithHooks(s *project.Service, c engine.Container, id plan.StepID, why string, needs []plan.StepID) []plan.StepID {
	needs = stopHooks(&u.Builder, s, c, id, why, needs)
	return []plan.StepID{u.Add(id+"/stop", plan.StopContainer{Target: c.Ref, Grace: u.opt.Timeout}, why, needs...)}
}

// stopHooks runs the pre_stop hooks of a container, which needs it unpaused. What
// the hooks of a container without its service are cannot be known: they may hold
// secrets, so no label keeps them.
func stopHooks(b *plan.Builder, s *project.Service, c engine.Container, id plan.StepID, why string, needs []plan.StepID) []plan.StepID {
	needs = slices.Clone(needs)
	if _, had := project.ParseFingerprints(c.Labels[project.LabelSections])["pre_stop"]; s == nil && had {
		b.Warn("the pre_stop hooks of %s do not run: there is no file that says what they are", c.Name)
	}
	if s == nil || len(s.PreStop) == 0 || c.State == engine.Restarting {
		return needs
	}
	if c.State == engine.Paused {
		needs = []plan.StepID{b.Add(id+"/unpause", plan.UnpauseContainer{Target: c.Ref}, "its pre_stop hooks run before it stops", needs...)}
	}
	for i, h := range s.PreStop {
		run := plan.RunHook{Target: c.Ref, Service: c.Service, Kind: "pre_stop", Index: i, Hook: h}
		needs = []plan.StepID{b.Add(id+plan.StepID(fmt.Sprintf("/pre_stop-%d", i)), run, why, needs...)}
	}
	return needs
}

// anonymous reports whether the mount is a volume that nobody named.
func anonymous(m engine.Mount) bool {
	return m.Type == "volume" && len(m.Name) == 64 && strings.Trim(m.Name, "0123456789abcdef") == ""
}

// dropAnonymous completes a plan with what becomes of anonymous volumes: those
// that nothing mounts once the containers in gone are gone, and that no
// successor inherits. The engine removes them with the container that they were
// made with; those that were inherited or shared are removed by name.
func dropAnonymous(b *plan.Builder, have engine.Observed, gone map[string]plan.StepID, inherited map[string]bool) {
	seen := map[string]bool{}
	for _, c := range have.Containers {
		if gone[c.ID] == "" {
			continue
		}
		for _, m := range c.Mounts {
			if !anonymous(m) || seen[m.Name] || inherited[m.Name] {
				continue
			}
			seen[m.Name] = true
			dropVolume(b, have, gone, c, m)
		}
	}
}

func dropVolume(b *plan.Builder, have engine.Observed, gone map[string]plan.StepID, first engine.Container, m engine.Mount) {
	var removals []plan.StepID
	for _, o := range have.Containers {
		if !mountsVolume(o, m.Name) {
			continue
		}
		if gone[o.ID] == "" {
			return
		}
		removals = append(removals, gone[o.ID])
	}
	removal := b.Step(gone[first.ID])
	lost := destroyed([]engine.Mount{m})
	if r, ok := removal.Action.(plan.RemoveContainer); ok && r.Volumes && len(removals) == 1 && first.Labels[project.LabelReplace] == "" {
		if removal.Destroys != "" {
			lost = removal.Destroys + ", " + lost
		}
		removal.Destroys = lost
		return
	}
	b.Add(removal.ID+plan.StepID("-volume "+shortID(m.Name)), plan.RemoveVolume{Name: m.Name}, "no container mounts it any more", removals...)
	b.Last().Destroys = lost
}

// destroyed names anonymous volumes in words.
func destroyed(volumes []engine.Mount) string {
	words := make([]string, len(volumes))
	for i, m := range volumes {
		words[i] = fmt.Sprintf("anonymous volume %s (%s)", shortID(m.Name), m.Target)
	}
	return plan.NameList(words)
}
