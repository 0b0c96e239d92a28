package up

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// PlanDown is the plan that takes a project down: its containers, dependents
// first, then its networks and, if asked for, its volumes and images. It covers
// whatever carries the project's label, services of inactive profiles included.
//
// want may be nil: then everything is known from labels, and naming a service
// includes its dependents.
func PlanDown(want *project.Project, have engine.Observed, opt DownOptions) (plan.Plan, error) {
	d := &down{stack: newStack(want, have), opt: opt, removed: map[string]plan.StepID{}}
	chosen, err := d.choose(opt.Services)
	if err != nil {
		return plan.Plan{}, err
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
		dropAnonymous(&d.Builder, d.have, d.removed, nil)
		d.removeVolumes(cs, whole)
	}
	d.removeImages(cs, chosen, whole)
	return d.planToTheEnd()
}

type down struct {
	*stack
	opt     DownOptions
	removed map[string]plan.StepID // by container ID
}

// containers are those that go: the chosen services', what pre_start hooks left
// behind, finished one-offs, and with RemoveOrphans running ones and orphans.
func (d *down) containers(chosen map[string]bool, whole bool) []engine.Container {
	var cs []engine.Container
	var left []string
	for _, c := range d.have.Containers {
		hook := engine.IsHook(c, d.have.Networks)
		switch {
		case !engine.Managed(c) && !hook, !whole && (!chosen[c.Service] || c.OneOff):
		case d.spares(c):
			left = append(left, c.Name)
		default:
			cs = append(cs, c)
		}
	}
	if len(left) > 0 {
		d.Warn("Found orphan containers ([%s]) for this project; they are left, --remove-orphans removes them", strings.Join(left, " "))
	}
	return cs
}

// spares reports whether the container stays unless orphans are to go: running
// one-offs, and with a file whatever is of services that it does not declare.
func (d *down) spares(c engine.Container) bool {
	m := d.have.Membership(c, d.want)
	switch {
	case d.opt.RemoveOrphans:
		return false
	case m.Role == engine.OneOff && engine.Alive(c):
		return true
	}
	return !m.Declared
}

func (d *down) removeContainers(cs []engine.Container) {
	stops := d.stops(cs)
	ids := containerIDs(d.name, cs)
	for _, name := range slices.Backward(d.needs.Order()) {
		for i, c := range cs {
			if c.Service != name {
				continue
			}
			why := d.why(c)
			after := d.stopsBefore(name, stops)
			if engine.Alive(c) {
				after = stopHooks(&d.Builder, d.service(c.Service), c, ids[i], why, after)
				after = []plan.StepID{d.Add(ids[i]+"/stop", plan.StopContainer{Target: c.Ref, Grace: d.opt.Timeout}, why, after...)}
			}
			d.removed[c.ID] = d.Add(ids[i]+"/remove", plan.RemoveContainer{Target: c.Ref, Volumes: d.opt.Volumes}, why, after...)
		}
	}
}

// why says why a container goes.
func (d *down) why(c engine.Container) string {
	switch {
	case engine.IsHook(c, d.have.Networks):
		return "a hook container that was left behind"
	case c.OneOff:
		return "a one-off container"
	case !engine.Declares(d.want, c.Service):
		return "no service " + c.Service + " is declared"
	case len(d.opt.Services) > 0:
		return "service " + c.Service + " goes down"
	}
	return "the project goes down"
}

// stops are the steps that stop each service, which its dependencies wait for.
func (d *down) stops(cs []engine.Container) map[string][]plan.StepID {
	stops := map[string][]plan.StepID{}
	ids := containerIDs(d.name, cs)
	for i, c := range cs {
		if engine.Alive(c) {
			stops[c.Service] = append(stops[c.Service], ids[i]+"/stop")
		}
	}
	return stops
}

// containerIDs are the prefixes of the containers' steps. Two containers in one
// slot, which an interrupted run leaves behind, are told apart by their names.
func containerIDs(projectName string, cs []engine.Container) []plan.StepID {
	ids := make([]plan.StepID, len(cs))
	seen := map[plan.StepID]bool{}
	for i, c := range cs {
		ids[i] = containerStepID(projectName, c)
		if seen[ids[i]] {
			ids[i] = plan.StepID(c.Name)
		}
		seen[ids[i]] = true
	}
	return ids
}

// after are the removals of the containers that use something.
func (d *down) after(cs []engine.Container, uses func(engine.Container) bool) []plan.StepID {
	var ids []plan.StepID
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
func (d *down) removeNetworks(cs []engine.Container, whole bool) {
	seen := map[string]bool{}
	for _, n := range d.have.Networks {
		key := n.Labels[project.LabelNetwork]
		if n.Labels[project.LabelProject] != d.name || key == "" {
			continue
		}
		if d.want != nil && d.want.Network(key) != nil && d.want.Network(key).External {
			continue
		}
		id := plan.StepID("network " + key + "/remove")
		if seen[key] {
			id = plan.StepID("network " + key + "/remove " + shortID(n.ID))
		}
		seen[key] = true
		users := func(c engine.Container) bool { return engine.Attached(c, n.ID, n.Name) }
		if !whole && !slices.ContainsFunc(cs, users) {
			continue
		}
		if staying := d.staying(cs, func(c engine.Container) bool { return engine.Alive(c) && users(c) }); len(staying) > 0 {
			if whole {
				d.Warn("network %s is left, since containers that stay are on it: %s", n.Name, strings.Join(staying, ", "))
			}
			continue
		}
		d.Add(id, plan.RemoveNetwork{ID: n.ID, Name: n.Name}, "nothing is on it any more", d.after(cs, users)...)
	}
}

// removeVolumes removes named volumes that the project made: with a file those
// that it declares or that a removed container mounts, without one all of them.
func (d *down) removeVolumes(cs []engine.Container, whole bool) {
	seen := map[string]bool{}
	for _, v := range d.have.Volumes {
		key := v.Labels[project.LabelVolume]
		if v.Labels[project.LabelProject] != d.name || key == "" {
			continue
		}
		id := plan.StepID("volume " + key + "/remove")
		if seen[key] {
			id += plan.StepID(" " + v.Name)
		}
		seen[key] = true
		users := func(c engine.Container) bool { return mountsVolume(c, v.Name) }
		mounted := slices.ContainsFunc(cs, users)
		declared := d.want == nil || d.want.Volume(key) != nil
		switch {
		case d.want != nil && declared && d.want.Volume(key).External:
		case whole && (declared || mounted), !whole && mounted && len(d.staying(cs, users)) == 0:
			d.Add(id, plan.RemoveVolume{Name: v.Name}, "volumes are to be removed", d.after(cs, users)...)
			d.Last().Destroys = "all data of volume " + v.Name
		case whole:
			d.Warn("volume %s was made for the project, but no service of the file uses it: it is kept", v.Name)
		}
	}
}

// staying names the containers that use something and do not go.
func (d *down) staying(going []engine.Container, uses func(engine.Container) bool) []string {
	var names []string
	for _, c := range d.have.Containers {
		if uses(c) && !slices.ContainsFunc(going, func(g engine.Container) bool { return g.ID == c.ID }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// removeImages removes what --rmi asks for: "local" the images that the project
// named after itself, "all" every image of its services.
func (d *down) removeImages(cs []engine.Container, chosen map[string]bool, whole bool) {
	if d.opt.Images == "" {
		return
	}
	refs := map[string]bool{} // reference → named by the project
	if d.want != nil {
		for _, s := range slices.Concat(d.want.Services, d.want.Disabled) {
			if _, here := d.have.Image(engine.ServiceImage(s)); (whole || chosen[s.Name]) && !s.Provider && here {
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
		users := func(c engine.Container) bool { return c.Image == ref }
		d.Add(plan.StepID("image "+ref+"/remove"), plan.RemoveImage{Ref: ref}, "images are to be removed", d.after(cs, users)...)
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
