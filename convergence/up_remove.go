package convergence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// doom plans the removal of a container without a successor, together with its
// anonymous volumes.
func (u *up) doom(c Container, id StepID, s *project.Service, why string, first []StepID) {
	needs := slices.Concat(u.imageSteps, first)
	if alive(c) {
		needs = u.stopWithHooks(s, c, id, why, needs)
	}
	u.gone[c.ID] = u.add(id+"/remove", RemoveContainer{Target: c.Ref, Volumes: true}, why, needs...)
}

// stopWithHooks runs pre_stop hooks and stops the container; the result is
// what a step after the stop needs. A nil service has no hooks.
func (u *up) stopWithHooks(s *project.Service, c Container, id StepID, why string, needs []StepID) []StepID {
	needs = stopHooks(&u.builder, s, c, id, why, needs)
	return []StepID{u.add(id+"/stop", StopContainer{Target: c.Ref, Grace: u.opt.Timeout}, why, needs...)}
}

// stopHooks runs the pre_stop hooks of a container, which needs it unpaused. What
// the hooks of a container without its service are cannot be known: they may hold
// secrets, so no label keeps them.
func stopHooks(b *builder, s *project.Service, c Container, id StepID, why string, needs []StepID) []StepID {
	needs = slices.Clone(needs)
	if _, had := project.ParseFingerprints(c.Labels[project.LabelSections])["pre_stop"]; s == nil && had {
		b.warn("the pre_stop hooks of %s do not run: there is no file that says what they are", c.Name)
	}
	if s == nil || len(s.PreStop) == 0 || c.State == Restarting {
		return needs
	}
	if c.State == Paused {
		needs = []StepID{b.add(id+"/unpause", UnpauseContainer{c.Ref}, "its pre_stop hooks run before it stops", needs...)}
	}
	for i, h := range s.PreStop {
		run := RunHook{Target: c.Ref, Service: c.Service, Kind: "pre_stop", Index: i, Hook: h}
		needs = []StepID{b.add(id+StepID(fmt.Sprintf("/pre_stop-%d", i)), run, why, needs...)}
	}
	return needs
}

// anonymous reports whether the mount is a volume that nobody named.
func anonymous(m Mount) bool {
	return m.Type == "volume" && len(m.Name) == 64 && strings.Trim(m.Name, "0123456789abcdef") == ""
}

// dropAnonymous completes a plan with what becomes of anonymous volumes: those
// that nothing mounts once the containers in gone are gone, and that no
// successor inherits. The engine removes them with the container that they were
// made with; those that were inherited or shared are removed by name.
func dropAnonymous(b *builder, have Observed, gone map[string]StepID, inherited map[string]bool) {
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

func dropVolume(b *builder, have Observed, gone map[string]StepID, first Container, m Mount) {
	var removals []StepID
	for _, o := range have.Containers {
		if !mountsVolume(o, m.Name) {
			continue
		}
		if gone[o.ID] == "" {
			return
		}
		removals = append(removals, gone[o.ID])
	}
	removal := b.step(gone[first.ID])
	lost := destroyed([]Mount{m})
	if r, ok := removal.Action.(RemoveContainer); ok && r.Volumes && len(removals) == 1 && first.Labels[project.LabelReplace] == "" {
		if removal.Destroys != "" {
			lost = removal.Destroys + ", " + lost
		}
		removal.Destroys = lost
		return
	}
	b.add(removal.ID+StepID("-volume "+shortID(m.Name)), RemoveVolume{Name: m.Name}, "no container mounts it any more", removals...)
	b.last().Destroys = lost
}

// destroyed names anonymous volumes in words.
func destroyed(volumes []Mount) string {
	words := make([]string, len(volumes))
	for i, m := range volumes {
		words[i] = fmt.Sprintf("anonymous volume %s (%s)", shortID(m.Name), m.Target)
	}
	return nameList(words)
}
