package up

import (
	"maps"
	"slices"
	"strconv"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// createNeeds is what has to exist before a container of the slot can. What is
// new waits for every image: one that cannot be had leaves nothing half done.
func (c converger) createNeeds(sl *survey.Slot) []*plan.Handle {
	s := sl.Svc.Service
	needs := append(slices.Clone(sl.First), c.out.Bringing.Of(engine.ServiceImage(s).Plain()))
	if sl.Fate == fate.Create {
		needs = append(needs, c.out.Bringing.All...)
	}
	needs = append(needs, c.providedBefore(s)...)
	if sl.Starts {
		needs = append(needs, c.prepareModels(sl.Svc)...)
	}
	for _, ref := range engine.VolumeImages(c.out.Want, s) {
		needs = append(needs, c.out.Bringing.Of(ref))
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
		dep := c.out.Services[ns.Service]
		switch {
		case dep == nil:
		case ns.Attribute == creation.ByLinks: // to all of its containers
			for _, other := range dep.Slots {
				needs = append(needs, other.Named())
			}
		default:
			if first := survey.FirstByName(dep.Slots); first != nil {
				needs = append(needs, first.Named())
			}
		}
	}
	return needs
}

// createSpec asks for the slot's container under a name.
func (c converger) createSpec(sl *survey.Slot, name string) engine.CreateSpec {
	s := sl.Svc.Service
	spec := engine.CreateSpec{
		Project: c.out.Want, Service: s, Name: name, Number: sl.Number,
		Labels: creation.ContainerLabels(c.out.Want, s, sl.Number, false), Refs: sl.Svc.Refs, Unlinked: c.unlinked(s), Inherit: sl.Inherit,
	}
	if hash, err := s.HashResolved(sl.Svc.IDs); err == nil {
		spec.Labels[project.LabelConfigHash] = string(hash)
	}
	spec.Labels[project.LabelName] = sl.Name
	if s.Restart.Owner() == restartpolicy.Supervisor {
		spec.RestartPolicy = string(restartpolicy.No) // two owners would both restart it
	}
	if len(sl.Inherit) > 0 {
		spec.Labels[project.LabelReplace] = s.ContainerName
		if s.ContainerName == "" {
			spec.Labels[project.LabelReplace] = s.Name + c.out.Want.Separator + strconv.Itoa(sl.Number)
		}
	}
	if local, ok := c.out.Have.Image(engine.ServiceImage(s)); ok && !c.f.images.Fresh(engine.ServiceImage(s).Plain()) {
		spec.ImageID = local.ID
		spec.Labels[project.LabelImage] = local.Digest
	}
	if !slices.ContainsFunc(engine.VolumeImages(c.out.Want, s), c.f.images.Fresh) {
		if label := engine.ImageVolumeLabel(c.out.Want, s, c.out.Have); label != "" {
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
		target := c.out.Want.Service(ref.Service)
		if ref.Attribute != creation.ByLinks || target == nil {
			continue
		}
		existing := c.names(target.Name)
		for n := 1; n <= target.Replicas; n++ {
			if name := c.out.Want.ContainerName(target, n); !slices.Contains(existing, name) {
				names = append(names, name)
				c.out.WarnOnce("%v", plan.At(s.Pos, "creating service %s without its link to %s, which does not exist", s.Name, name))
			}
		}
	}
	return names
}

// names are those of the service's replicas, as they are or are planned.
func (c converger) names(service string) []string {
	var names []string
	if sv := c.out.Services[service]; sv != nil {
		for _, sl := range sv.Slots {
			names = append(names, sl.Name)
		}
		return names
	}
	for _, r := range c.out.Replicas[service] {
		names = append(names, r.Name)
	}
	return names
}

// prepareModels are the steps after which the models that the service uses are
// there: one each.
func (c converger) prepareModels(sv *survey.Service) []*plan.Handle {
	var steps []*plan.Handle
	for _, key := range slices.Sorted(maps.Keys(sv.Spec.Models)) {
		if c.models[key] == nil {
			m := c.out.Want.Compose.Models[key]
			a := plan.PrepareModel{Key: key, Model: m.Model, ContextSize: m.ContextSize, RuntimeFlags: m.RuntimeFlags}
			c.models[key] = c.out.Add("model "+key, "", a, "service "+sv.Name+" uses it")
		}
		steps = append(steps, c.models[key])
	}
	return steps
}

// emitOneOff creates the container of run once everything that its start needs is
// there.
func (c converger) emitOneOff(sl *survey.Slot) {
	run := c.f.targets.run
	spec := c.createSpec(sl, sl.Name)
	labels := creation.ContainerLabels(c.out.Want, sl.Svc.Service, 0, true)
	labels[project.LabelSlug], labels[project.LabelName] = run.Slug, sl.Name
	labels[project.LabelConfigHash] = spec.Labels[project.LabelConfigHash]
	if image := spec.Labels[project.LabelImage]; image != "" {
		labels[project.LabelImage] = image
	}
	spec.Labels, spec.OneOff, spec.UseAliases, spec.AutoRemove = labels, true, run.UseAliases, run.Remove
	needs := c.createNeeds(sl)
	if !run.NoDeps {
		needs = append(needs, c.out.DependencyNeeds(sl.Svc)...)
	}
	made := c.out.Add(sl.Of, "create", plan.CreateContainer{Spec: spec}, sl.Why, needs...)
	c.out.CopyFiles(sl, engine.Ref{Name: sl.Name}, []*plan.Handle{made}, false, nil)
}
