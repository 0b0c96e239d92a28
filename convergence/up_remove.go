package convergence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/project"
)

func itoa(n int) string { return strconv.Itoa(n) }

// doom plans the removal of a container without a successor, together with its
// anonymous volumes.
func (u *up) doom(c Container, id StepID, s *project.Service, why string, first []StepID) {
	needs := slices.Concat(u.imageSteps, first)
	if alive(c) {
		needs = u.stopWithHooks(s, c, id, why, needs)
	}
	u.gone[c.ID] = u.removeWithVolumes(c, id, why, u.exclusiveVolumes(c), needs)
}

// stopWithHooks runs pre_stop hooks and stops the container; the result is
// what a step after the stop needs. A nil service has no hooks.
func (u *up) stopWithHooks(s *project.Service, c Container, id StepID, why string, needs []StepID) []StepID {
	needs = u.stopHooks(s, c, id, why, needs)
	return []StepID{u.add(id+"/stop", StopContainer{Target: c.Ref, Grace: u.opt.Timeout}, why, needs...)}
}

// stopHooks runs the pre_stop hooks of a container, which needs it unpaused.
func (b *builder) stopHooks(s *project.Service, c Container, id StepID, why string, needs []StepID) []StepID {
	needs = slices.Clone(needs)
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

// removeWithVolumes removes a container and the anonymous volumes named. The
// engine removes those it made with the container itself; those that the
// container had inherited are removed by name.
func (b *builder) removeWithVolumes(c Container, id StepID, why string, volumes []Mount, needs []StepID) StepID {
	remove := b.add(id+"/remove", RemoveContainer{Target: c.Ref, Volumes: true}, why, needs...)
	if c.Labels[project.LabelReplace] == "" {
		b.last().Destroys = destroyed(volumes)
		return remove
	}
	for _, m := range volumes {
		b.add(id+StepID("/remove-volume "+shortID(m.Name)), RemoveVolume{Name: m.Name}, why, remove)
		b.last().Destroys = destroyed([]Mount{m})
	}
	return remove
}

// anonymous reports whether the mount is a volume that nobody named.
func anonymous(m Mount) bool {
	return m.Type == "volume" && len(m.Name) == 64 && strings.Trim(m.Name, "0123456789abcdef") == ""
}

// exclusiveVolumes are the anonymous volumes that no other container of the
// project mounts.
func exclusiveVolumes(have Observed, c Container) []Mount {
	var own []Mount
	for _, m := range c.Mounts {
		if !anonymous(m) {
			continue
		}
		if !slices.ContainsFunc(have.Containers, func(o Container) bool { return o.ID != c.ID && mountsVolume(o, m.Name) }) {
			own = append(own, m)
		}
	}
	return own
}

func (u *up) exclusiveVolumes(c Container) []Mount { return exclusiveVolumes(u.have, c) }

// destroyed names anonymous volumes in words.
func destroyed(volumes []Mount) string {
	words := make([]string, len(volumes))
	for i, m := range volumes {
		words[i] = fmt.Sprintf("anonymous volume %s (%s)", shortID(m.Name), m.Target)
	}
	return nameList(words)
}
