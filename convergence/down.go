package convergence

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// PlanDown is the plan that takes a project down: its containers, dependents
// first, then its networks and, if asked for, its volumes and images. It covers
// whatever carries the project's label, services of inactive profiles included.
//
// want may be nil: then everything is known from labels, and naming a service
// includes its dependents.
func PlanDown(want *project.Project, have Observed, opt DownOptions) (Plan, error) {
	d := &down{stack: newStack(want, have), opt: opt, removed: map[string]StepID{}}
	chosen, err := d.choose(opt.Services)
	if err != nil {
		return Plan{}, err
	}
	if want == nil && len(opt.Services) > 0 {
		chosen = d.stack.dependents(chosen)
	}
	whole := len(opt.Services) == 0
	cs := d.containers(chosen, whole)
	d.removeContainers(cs)
	d.removeProvided(cs, chosen)
	d.removeNetworks(cs, whole)
	if opt.Volumes {
		dropAnonymous(&d.builder, d.have, d.removed, nil)
		d.removeVolumes(cs, whole)
	}
	d.removeImages(cs, chosen, whole)
	return d.planToTheEnd()
}

type down struct {
	*stack
	opt     DownOptions
	removed map[string]StepID // by container ID
}

// containers are those that go: the chosen services', what pre_start hooks left
// behind, finished one-offs, and with RemoveOrphans running ones and orphans.
func (d *down) containers(chosen map[string]bool, whole bool) []Container {
	var cs []Container
	var left []string
	for _, c := range d.have.Containers {
		hook := isHook(c, d.have.Networks)
		switch {
		case !managed(c) && !hook, !whole && (!chosen[c.Service] || c.OneOff):
		case d.spares(c):
			left = append(left, c.Name)
		default:
			cs = append(cs, c)
		}
	}
	if len(left) > 0 {
		d.warn("Found orphan containers ([%s]) for this project; they are left, --remove-orphans removes them", strings.Join(left, " "))
	}
	return cs
}

// spares reports whether the container stays unless orphans are to go: running
// one-offs, and with a file whatever is of services that it does not declare.
func (d *down) spares(c Container) bool {
	m := d.have.membership(c, d.want)
	switch {
	case d.opt.RemoveOrphans:
		return false
	case m.Role == OneOff && alive(c):
		return true
	}
	return !m.Declared
}

func (d *down) removeContainers(cs []Container) {
	stops := d.stops(cs)
	ids := containerIDs(d.name, cs)
	for _, name := range slices.Backward(d.needs.Order()) {
		for i, c := range cs {
			if c.Service != name {
				continue
			}
			why := d.why(c)
			after := d.stopsBefore(name, stops)
			if alive(c) {
				after = stopHooks(&d.builder, d.service(c.Service), c, ids[i], why, after)
				after = []StepID{d.add(ids[i]+"/stop", StopContainer{Target: c.Ref, Grace: d.opt.Timeout}, why, after...)}
			}
			d.removed[c.ID] = d.add(ids[i]+"/remove", RemoveContainer{Target: c.Ref, Volumes: d.opt.Volumes}, why, after...)
		}
	}
}

// why says why a container goes.
func (d *down) why(c Container) string {
	switch {
	case isHook(c, d.have.Networks):
		return "a hook container that was left behind"
	case c.OneOff:
		return "a one-off container"
	case !declares(d.want, c.Service):
		return "no service " + c.Service + " is declared"
	case len(d.opt.Services) > 0:
		return "service " + c.Service + " goes down"
	}
	return "the project goes down"
}

// stops are the steps that stop each service, which its dependencies wait for.
func (d *down) stops(cs []Container) map[string][]StepID {
	stops := map[string][]StepID{}
	ids := containerIDs(d.name, cs)
	for i, c := range cs {
		if alive(c) {
			stops[c.Service] = append(stops[c.Service], ids[i]+"/stop")
		}
	}
	return stops
}

// containerIDs are the prefixes of the containers' steps. Two containers in one
// slot, which an interrupted run leaves behind, are told apart by their names.
func containerIDs(projectName string, cs []Container) []StepID {
	ids := make([]StepID, len(cs))
	seen := map[StepID]bool{}
	for i, c := range cs {
		ids[i] = containerStepID(projectName, c)
		if seen[ids[i]] {
			ids[i] = StepID(c.Name)
		}
		seen[ids[i]] = true
	}
	return ids
}

// after are the removals of the containers that use something.
func (d *down) after(cs []Container, uses func(Container) bool) []StepID {
	var ids []StepID
	for _, c := range cs {
		if uses(c) {
			ids = append(ids, d.removed[c.ID])
		}
	}
	return ids
}

// removeNetworks removes the networks that the project made: those with its
// label and a key. A foreign network of a declared name stays, and so does one
// that a container which stays is on.
func (d *down) removeNetworks(cs []Container, whole bool) {
	seen := map[string]bool{}
	for _, n := range d.have.Networks {
		key := n.Labels[project.LabelNetwork]
		if n.Labels[project.LabelProject] != d.name || key == "" {
			continue
		}
		if d.want != nil && d.want.Network(key) != nil && d.want.Network(key).External {
			continue
		}
		id := StepID("network " + key + "/remove")
		if seen[key] {
			id = StepID("network " + key + "/remove " + shortID(n.ID))
		}
		seen[key] = true
		users := func(c Container) bool { return attached(c, n.ID, n.Name) }
		if !whole && !slices.ContainsFunc(cs, users) {
			continue
		}
		if staying := d.staying(cs, func(c Container) bool { return alive(c) && users(c) }); len(staying) > 0 {
			if whole {
				d.warn("network %s is left, since containers that stay are on it: %s", n.Name, strings.Join(staying, ", "))
			}
			continue
		}
		d.add(id, RemoveNetwork{ID: n.ID, Name: n.Name}, "nothing is on it any more", d.after(cs, users)...)
	}
}

// removeVolumes removes named volumes that the project made: with a file those
// that it declares or that a removed container mounts, without one all of them.
func (d *down) removeVolumes(cs []Container, whole bool) {
	seen := map[string]bool{}
	for _, v := range d.have.Volumes {
		key := v.Labels[project.LabelVolume]
		if v.Labels[project.LabelProject] != d.name || key == "" {
			continue
		}
		id := StepID("volume " + key + "/remove")
		if seen[key] {
			id += StepID(" " + v.Name)
		}
		seen[key] = true
		users := func(c Container) bool { return mountsVolume(c, v.Name) }
		mounted := slices.ContainsFunc(cs, users)
		declared := d.want == nil || d.want.Volume(key) != nil
		switch {
		case d.want != nil && declared && d.want.Volume(key).External:
		case whole && (declared || mounted), !whole && mounted && len(d.staying(cs, users)) == 0:
			d.add(id, RemoveVolume{Name: v.Name}, "volumes are to be removed", d.after(cs, users)...)
			d.last().Destroys = "all data of volume " + v.Name
		case whole:
			d.warn("volume %s was made for the project, but no service of the file uses it: it is kept", v.Name)
		}
	}
}

// staying names the containers that use something and do not go.
func (d *down) staying(going []Container, uses func(Container) bool) []string {
	var names []string
	for _, c := range d.have.Containers {
		if uses(c) && !slices.ContainsFunc(going, func(g Container) bool { return g.ID == c.ID }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// removeImages removes what --rmi asks for: "local" the images that the project
// named after itself, "all" every image of its services.
func (d *down) removeImages(cs []Container, chosen map[string]bool, whole bool) {
	if d.opt.Images == "" {
		return
	}
	refs := map[string]bool{} // reference → named by the project
	if d.want != nil {
		for _, s := range slices.Concat(d.want.Services, d.want.Disabled) {
			if _, here := d.have.Image(serviceImage(s)); (whole || chosen[s.Name]) && !s.Provider && here {
				refs[s.Image] = s.Spec.Image == ""
			}
		}
	}
	for _, c := range cs {
		if d.service(c.Service) == nil && c.Image != "" && !strings.HasPrefix(c.Image, "sha256:") {
			refs[c.Image] = d.named(c.Image, c.Service)
		}
	}
	for _, m := range d.opt.Built {
		known := chosen[m.Service] || whole && d.opt.RemoveOrphans
		if name, _, _ := strings.Cut(m.Ref, ":"); known && d.named(name, m.Service) {
			refs[strings.TrimSuffix(m.Ref, ":latest")] = true
		}
	}
	for _, ref := range sortedRefs(refs) {
		if d.opt.Images != "all" && !refs[ref] {
			continue
		}
		users := func(c Container) bool { return c.Image == ref }
		d.add(StepID("image "+ref+"/remove"), RemoveImage{Ref: ref}, "images are to be removed", d.after(cs, users)...)
	}
}

// named reports whether the project gave the service's image that name.
func (d *down) named(image, service string) bool {
	return image == d.name+"-"+service || image == d.name+"_"+service
}

func sortedRefs(refs map[string]bool) []string {
	names := make([]string, 0, len(refs))
	for r := range refs {
		names = append(names, r)
	}
	slices.Sort(names)
	return names
}
