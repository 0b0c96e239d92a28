package up

import (
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/emit"
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
	x, chosen, err := surveyForCommand(want, have, opt.Services)
	if err != nil {
		return plan.Plan{}, err
	}
	if want == nil && len(opt.Services) > 0 {
		chosen = x.Dependents(chosen)
	}
	slots := x.decideDown(opt, chosen)
	d := down{commander: newCommander(x, emit.Timing{Grace: opt.Timeout}), opt: opt, chosen: chosen, whole: len(opt.Services) == 0}
	d.reserveRemovals(slots, opt.Volumes)
	d.takeDown(slots)
	d.runProviders("down", "the project is taken down", chosen, slots)
	d.removeNetworks()
	if opt.Volumes {
		d.DropAnonymous(nil)
		d.removeVolumes()
	}
	d.removeImages()
	return d.planKeepGoing()
}

// down writes what goes with the containers.
type down struct {
	commander
	opt    DownOptions
	chosen map[string]bool
	whole  bool
}

// users are the containers that use something: whether any of them goes, what
// removes them, and which stay.
func (d down) users(use func(engine.Container) bool) (goes bool, removals []*plan.Handle, stay []engine.Container) {
	for _, c := range d.Have.Containers {
		if !use(c) {
			continue
		}
		if step := d.Removals[c.ID].Step; step != nil {
			goes, removals = true, append(removals, step)
		} else {
			stay = append(stay, c)
		}
	}
	return goes, removals, stay
}

// removeNetworks removes the networks that the project made: those with its
// label and a key. A foreign network of a declared name stays, and so does one
// that a container which stays is on.
func (d down) removeNetworks() {
	seen := map[string]bool{}
	for _, n := range d.Have.Networks {
		key := n.Labels[project.LabelNetwork]
		if n.Labels[project.LabelProject] != d.Name || key == "" {
			continue
		}
		if d.Want != nil && d.Want.Network(key) != nil && d.Want.Network(key).External {
			continue
		}
		verb := "remove"
		if seen[key] {
			verb += " " + plan.ShortID(n.ID)
		}
		seen[key] = true
		goes, after, stay := d.users(func(c engine.Container) bool { return engine.Attached(c, n.ID, n.Name) })
		if !d.whole && !goes {
			continue
		}
		if staying := running(stay); len(staying) > 0 {
			if d.whole {
				d.Warn("network %s kept: still used by %s", n.Name, strings.Join(staying, ", "))
			}
			continue
		}
		d.Add("network "+key, verb, plan.RemoveNetwork{ID: n.ID, Name: n.Name}, "nothing uses it any more", after...)
	}
}

// removeVolumes removes named volumes that the project made: with a file those
// that it declares or that a removed container mounts, without one all of them.
func (d down) removeVolumes() {
	seen := map[string]bool{}
	for _, v := range d.Have.Volumes {
		key := v.Labels[project.LabelVolume]
		if v.Labels[project.LabelProject] != d.Name || key == "" {
			continue
		}
		verb := "remove"
		if seen[key] {
			verb += " " + v.Name
		}
		seen[key] = true
		mounted, after, stay := d.users(func(c engine.Container) bool { return c.MountsVolume(v.Name) })
		declared := d.Want == nil || d.Want.Volume(key) != nil
		switch {
		case d.Want != nil && declared && d.Want.Volume(key).External:
		case d.whole && (declared || mounted), !d.whole && mounted && len(stay) == 0:
			removed := d.Add("volume "+key, verb, plan.RemoveVolume{Name: v.Name}, "--volumes was given", after...)
			removed.Destroys = "all data of volume " + v.Name
		case d.whole:
			d.Warn("keeping volume %s: it belongs to the project, but no service in the file uses it", v.Name)
		}
	}
}

// removeImages removes what --rmi asks for: "local" the images that the project
// named after itself, "all" every image of its services.
func (d down) removeImages() {
	if d.opt.Images == "" {
		return
	}
	refs := d.imagesOfServices()
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		if d.opt.Images != "all" && !refs[ref] {
			continue
		}
		_, after, _ := d.users(func(c engine.Container) bool { return c.Image == ref })
		d.Add("image "+ref, "remove", plan.RemoveImage{Ref: ref}, "--rmi was given", after...)
	}
}

// imagesOfServices are the images that may go, and whether the project named them.
func (d down) imagesOfServices() map[string]bool {
	refs := map[string]bool{}
	if d.Want != nil {
		for _, s := range slices.Concat(d.Want.Services, d.Want.Disabled) {
			if _, here := d.Have.Image(engine.ServiceImage(s)); (d.whole || d.chosen[s.Name]) && !s.Provider && here {
				refs[s.Image] = s.Spec.Image == ""
			}
		}
	}
	for _, c := range d.Have.Containers {
		if d.Removals[c.ID].Step != nil && !d.Services[c.Service].Declared && c.Image != "" && !strings.HasPrefix(c.Image, "sha256:") {
			refs[c.Image] = named(d.Name, c.Image, c.Service)
		}
	}
	for _, m := range d.opt.Built {
		known := d.chosen[m.Service] || d.whole && d.opt.RemoveOrphans
		if name, _, _ := strings.Cut(m.Ref, ":"); known && named(d.Name, name, m.Service) {
			refs[strings.TrimSuffix(m.Ref, ":latest")] = true
		}
	}
	return refs
}

// named reports whether the project of that name gave the service's image its name.
func named(of, image, service string) bool {
	return image == of+"-"+service || image == of+"_"+service
}

// running are the names of those that run.
func running(cs []engine.Container) []string {
	var names []string
	for _, c := range cs {
		if c.Up() {
			names = append(names, c.Name)
		}
	}
	return names
}
