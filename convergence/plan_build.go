package convergence

import (
	"slices"

	"github.com/musterdev/muster/project"
)

// PlanBuild is the plan that builds the images of those services that have a
// build section: each image once, those that others build on first. change adds
// what the caller wants of every build; nil changes nothing.
func PlanBuild(want *project.Project, services []*project.Service, change func(BuildSpec) BuildSpec) (Plan, error) {
	var b builder
	built := map[string]bool{}
	for _, s := range services {
		if !s.Build || s.Provider || built[s.Image] {
			continue
		}
		built[s.Image] = true
		spec := BuildSpec{Project: want, Service: s, Labels: buildLabels(want, s)}
		if change != nil {
			spec = change(spec)
		}
		b.add(imageID(ImageRef{Ref: s.Image})+"/build", BuildImage{Spec: spec}, "a build was asked for")
	}
	orderBuilds(&b, want)
	return b.plan(want.Name)
}

// orderBuilds lets builds wait for the builds of the images that they build on.
func orderBuilds(b *builder, want *project.Project) {
	builds := map[string]StepID{} // by image
	for _, s := range b.steps {
		if a, ok := s.Action.(BuildImage); ok {
			builds[a.Spec.Service.Image] = s.ID
		}
	}
	for i := range b.steps {
		a, ok := b.steps[i].Action.(BuildImage)
		if !ok {
			continue
		}
		for _, name := range a.Spec.Service.BuildsOn {
			if base := want.Service(name); base != nil && builds[base.Image] != b.steps[i].ID {
				b.steps[i].Needs = append(slices.Clone(b.steps[i].Needs), builds[base.Image])
			}
		}
	}
}
