// Package divergence says how containers differ from what their services ask for,
// in words, and which new powers over the host a change brings.
package divergence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Comparison is what containers are compared with.
type Comparison struct {
	Want  *project.Project
	Have  engine.Observed
	Notes *plan.Notes
	// Provided are the variables that providers set just now, by service.
	Provided map[string]map[string]string
	// Apart is the name of the network of that key if the container should be on it
	// and is not.
	Apart func(c engine.Container, network string) string
}

// Of says in words why a container no longer is what the service asks
// for; empty if it is. ids are the containers of the services it joins.
func (l Comparison) Of(s *project.Service, ids map[string]string, c engine.Container) string {
	if c.State.HalfRemoved() {
		return "the engine could not remove it (" + string(c.State) + ")"
	}
	hash, err := s.HashResolved(ids)
	if err != nil {
		l.Notes.Fail(s.Pos, "%w", err)
		return ""
	}
	if c.Labels[project.LabelConfigHash] != string(hash) {
		return l.configChange(s, c)
	}
	for _, why := range []string{
		l.imageChange(s, c), imageVolumeChange(l.Want, s, c, l.Have), l.contentChange(s, c), l.providedChange(s, c),
		l.networkChange(s, c), l.volumeChange(s, c),
	} {
		if why != "" {
			return why
		}
	}
	return ""
}

// SameKey reports whether the digests of the container's labels are by the project's
// key, so that they can be compared with those of the project.
func SameKey(want *project.Project, c engine.Container) bool {
	return c.Labels[project.LabelKey] == want.Key.ID()
}

// MadeByMuster reports whether the container was made by Muster, so that its labels
// tell of what it was made with to those who have the key.
func MadeByMuster(c engine.Container) bool { return c.Labels[project.LabelOwner] != "" && !c.OneOff }

// configChange names the attributes whose fingerprints differ. A container made
// by Docker Compose, or by another user, has none that could be compared; of it
// only the image is known.
func (l Comparison) configChange(s *project.Service, c engine.Container) string {
	var parts []string
	if c.Image != "" && c.Image != s.Image && !strings.HasPrefix(c.Image, "sha256:") {
		parts = append(parts, fmt.Sprintf("image changed from %s to %s", c.Image, s.Image))
	}
	if label := c.Labels[project.LabelSections]; label != "" && SameKey(l.Want, c) {
		changes := changedSections(project.ParseFingerprints(label), s.Sections)
		if len(parts) > 0 {
			changes = slices.DeleteFunc(changes, func(change string) bool { return change == "image changed" })
		}
		if more := len(changes) - maxChanges; more > 1 {
			changes = append(changes[:maxChanges], fmt.Sprintf("and %d more", more))
		}
		parts = append(parts, changes...)
	}
	if len(parts) == 0 {
		return "its configuration changed"
	}
	return strings.Join(parts, ", ")
}

// maxChanges is how many changes a reason lists.
const maxChanges = 8

// changedSections says what became of each attribute that differs, sorted: of the
// single entries of a mapping where they are known on both sides, else of the
// attribute as a whole.
func changedSections(old, now map[string]project.Fingerprint) []string {
	all := maps.Clone(old)
	maps.Copy(all, now)
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		attribute, _, isEntry := strings.Cut(name, ".")
		if old[name] == now[name] || isEntry != (hasEntries(old, attribute) && hasEntries(now, attribute)) {
			continue
		}
		switch {
		case old[name] == "":
			name += " added"
		case now[name] == "":
			name += " removed"
		default:
			name += " changed"
		}
		changes = append(changes, name)
	}
	return changes
}

func hasEntries(prints map[string]project.Fingerprint, attribute string) bool {
	for name := range prints {
		if strings.HasPrefix(name, attribute+".") {
			return true
		}
	}
	return false
}

// imageChange compares the digest that the container was made from with that
// Of the local image. What is not known has not changed.
func (l Comparison) imageChange(s *project.Service, c engine.Container) string {
	local, ok := l.Have.Image(engine.ServiceImage(s))
	was := c.Labels[project.LabelImage]
	if !ok || was == "" || was == local.Digest {
		return ""
	}
	return fmt.Sprintf("%s is a different image now (%s, was %s)", s.Image, shortDigest(local.Digest), shortDigest(was))
}

func shortDigest(d string) string {
	d = strings.TrimPrefix(d, "sha256:")
	return d[:min(12, len(d))]
}

func imageVolumeChange(p *project.Project, s *project.Service, c engine.Container, have engine.Observed) string {
	was, now := c.Labels[project.LabelImageVolume], engine.ImageVolumeLabel(p, s, have)
	if was == "" || now == "" || sameList(was, now) {
		return ""
	}
	return "an image that it mounts changed"
}

// sameList compares comma lists without regard to their order.
func sameList(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// contentChange notices new content of configs and secrets. Where the labels do
// not tell, since another user or another machine wrote them, what was read from
// the container does, and else nobody can: that is said, and the container stays.
// Of one made by Docker Compose nothing is known.
func (l Comparison) contentChange(s *project.Service, c engine.Container) string {
	if !MadeByMuster(c) {
		return ""
	}
	old := l.Have.Content[c.ID]
	if SameKey(l.Want, c) {
		old = project.ParseFingerprints(c.Labels[project.LabelContent])
	}
	var changed, unknown []string
	for _, name := range slices.Sorted(maps.Keys(s.Content)) {
		said := strings.Replace(name, ":", " ", 1)
		switch was, known := old[name]; {
		case known && was != s.Content[name]:
			changed = append(changed, said)
		case !known && !SameKey(l.Want, c):
			unknown = append(unknown, said)
		}
	}
	if len(unknown) > 0 {
		l.Notes.Warn("cannot tell whether %s changed: container %s was created by another user or on another machine; "+
			"use --force-recreate to recreate it", plan.NameList(unknown), c.Name)
	}
	if len(changed) == 0 {
		return ""
	}
	return "content of " + plan.NameList(changed) + " changed"
}

// networkChange notices a network that the container should be on and is not.
func (l Comparison) networkChange(s *project.Service, c engine.Container) string {
	if !creation.JoinsNetworks(s) {
		return ""
	}
	for _, key := range s.Networks {
		if name := l.Apart(c, key); name != "" {
			return "not attached to network " + name
		}
	}
	return ""
}

func (l Comparison) volumeChange(s *project.Service, c engine.Container) string {
	for _, key := range s.Volumes {
		v := l.Want.Volume(key)
		if v != nil && !c.MountsVolume(v.Name) {
			return "volume " + v.Name + " is not mounted"
		}
	}
	return ""
}

// providedChange notices that a provider sets other variables than those that
// the container was made with.
func (l Comparison) providedChange(s *project.Service, c engine.Container) string {
	if !SameKey(l.Want, c) {
		return ""
	}
	given := project.ParseFingerprints(c.Labels[project.LabelProvided])
	for _, d := range s.DependsOn {
		set, known := l.Provided[d.Service]
		if was, had := given[d.Service]; known && had && was != plan.ProvidedDigest(l.Want, d.Service, set) {
			return "provider " + d.Service + " sets different variables"
		}
	}
	return ""
}
