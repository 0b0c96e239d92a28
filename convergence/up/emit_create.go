package up

import (
	"maps"
	"slices"
	"strconv"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// createNeeds is what has to exist before a container of the slot can. What is
// new waits for every image: one that cannot be had leaves nothing half done.
func (c converger) createNeeds(sl *slot) []*plan.Handle {
	s := sl.svc.Service
	needs := append(slices.Clone(sl.first), c.bringing.Of(engine.ServiceImage(s).Plain()))
	if sl.Fate == fate.Create {
		needs = append(needs, c.bringing.All...)
	}
	needs = append(needs, c.providedBefore(s)...)
	if sl.Starts {
		needs = append(needs, c.prepareModels(sl.svc)...)
	}
	for _, ref := range engine.VolumeImages(c.want, s) {
		needs = append(needs, c.bringing.Of(ref))
	}
	if creation.JoinsNetworks(s) {
		for _, key := range s.Networks {
			needs = append(needs, c.networks[key])
		}
	}
	for _, key := range s.Volumes {
		needs = append(needs, c.volumes[key])
	}
	for _, ns := range creation.JoinedBy(s) {
		dep := c.services[ns.Service]
		switch {
		case dep == nil:
		case ns.Attribute == creation.ByLinks: // to all of its containers
			for _, other := range dep.slots {
				needs = append(needs, other.named())
			}
		default:
			if first := firstByName(dep.slots); first != nil {
				needs = append(needs, first.named())
			}
		}
	}
	return needs
}

// createSpec asks for the slot's container under a name.
func (c converger) createSpec(sl *slot, name string) engine.CreateSpec {
	s := sl.svc.Service
	spec := engine.CreateSpec{
		Project: c.want, Service: s, Name: name, Number: sl.number,
		Labels: creation.ContainerLabels(c.want, s, sl.number, false), Refs: sl.svc.refs, Unlinked: c.unlinked(s), Inherit: sl.inherit,
	}
	if hash, err := s.HashResolved(sl.svc.ids); err == nil {
		spec.Labels[project.LabelConfigHash] = string(hash)
	}
	spec.Labels[project.LabelName] = sl.name
	if s.Restart.Owner() == restartpolicy.Supervisor {
		spec.RestartPolicy = string(restartpolicy.No) // two owners would both restart it
	}
	if len(sl.inherit) > 0 {
		spec.Labels[project.LabelReplace] = s.ContainerName
		if s.ContainerName == "" {
			spec.Labels[project.LabelReplace] = s.Name + c.want.Separator + strconv.Itoa(sl.number)
		}
	}
	if local, ok := c.have.Image(engine.ServiceImage(s)); ok && !c.f.images.Fresh(engine.ServiceImage(s).Plain()) {
		spec.ImageID = local.ID
		spec.Labels[project.LabelImage] = local.Digest
	}
	if !slices.ContainsFunc(engine.VolumeImages(c.want, s), c.f.images.Fresh) {
		if label := engine.ImageVolumeLabel(c.want, s, c.have); label != "" {
			spec.Labels[project.LabelImageVolume] = label
		}
	}
	return spec
}

// unlinked are the names of containers that links on the default bridge lead to and
// that neither exist nor are planned, as without the dependencies. Such a link is
// left out, which is said.
func (c converger) unlinked(s *project.Service) []string {
	var names []string
	for _, ref := range creation.JoinedBy(s) {
		target := c.want.Service(ref.Service)
		if ref.Attribute != creation.ByLinks || target == nil {
			continue
		}
		existing := c.names(target.Name)
		for n := 1; n <= target.Replicas; n++ {
			if name := c.want.ContainerName(target, n); !slices.Contains(existing, name) {
				names = append(names, name)
				c.WarnOnce("%v", plan.At(s.Pos, "service %s is created without the link to %s, which does not exist", s.Name, name))
			}
		}
	}
	return names
}

// names are those of the service's replicas, as they are or are planned.
func (c converger) names(service string) []string {
	var names []string
	if sv := c.services[service]; sv != nil {
		for _, sl := range sv.slots {
			names = append(names, sl.name)
		}
		return names
	}
	for _, r := range c.replicas[service] {
		names = append(names, r.Name)
	}
	return names
}

// prepareModels are the steps after which the models that the service uses are
// there: one each.
func (c converger) prepareModels(sv *service) []*plan.Handle {
	var steps []*plan.Handle
	for _, key := range slices.Sorted(maps.Keys(sv.Spec.Models)) {
		if c.models[key] == nil {
			m := c.want.Compose.Models[key]
			a := plan.PrepareModel{Key: key, Model: m.Model, ContextSize: m.ContextSize, RuntimeFlags: m.RuntimeFlags}
			c.models[key] = c.Add("model "+key, "", a, "service "+sv.Name+" uses it")
		}
		steps = append(steps, c.models[key])
	}
	return steps
}

// emitOneOff creates the container of run once everything that its start needs is
// there.
func (c converger) emitOneOff(sl *slot) {
	run := c.f.run
	spec := c.createSpec(sl, sl.name)
	labels := creation.ContainerLabels(c.want, sl.svc.Service, 0, true)
	labels[project.LabelSlug], labels[project.LabelName] = run.Slug, sl.name
	labels[project.LabelConfigHash] = spec.Labels[project.LabelConfigHash]
	if image := spec.Labels[project.LabelImage]; image != "" {
		labels[project.LabelImage] = image
	}
	spec.Labels, spec.OneOff, spec.UseAliases, spec.AutoRemove = labels, true, run.UseAliases, run.Remove
	needs := c.createNeeds(sl)
	if !run.NoDeps {
		needs = append(needs, c.dependencyNeeds(sl.svc)...)
	}
	made := c.Add(sl.of, "create", plan.CreateContainer{Spec: spec}, sl.Why, needs...)
	c.copyFiles(sl, engine.Ref{Name: sl.name}, []*plan.Handle{made}, false, nil)
}
