package images

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Plan is the plan that builds the images of those services that have a
// build section, and the images that these build on, whether or not their
// services are named or active: each image once, those that others build on
// first. change adds what the caller wants of every build; nil changes nothing.
func Plan(want *project.Project, services []*project.Service, change func(engine.BuildSpec) engine.BuildSpec) (plan.Plan, error) {
	var d plan.Draft
	if change == nil {
		change = func(s engine.BuildSpec) engine.BuildSpec { return s }
	}
	if !change(engine.BuildSpec{}).Check { // which looks at Dockerfiles only
		var err error
		if services, err = WithBases(want, services); err != nil {
			return plan.Plan{}, err
		}
	}
	built, turns := map[engine.ImageRef]bool{}, map[string]*plan.Handle{}
	var builds builds
	for _, s := range services {
		ref, tag := engine.ServiceImage(s).Plain(), project.FullTag(s.Image)
		if !s.Build || s.Provider || built[ref] {
			continue
		}
		built[ref] = true
		checkPlatform(&d.Notes, want, s)
		spec := change(engine.BuildSpec{Project: want, Service: s, Labels: creation.BuildLabels(want, s)})
		turns[tag] = d.Add(name(ref), "build", plan.BuildImage{Spec: spec}, "build requested", turns[tag])
		builds.add(s, turns[tag])
	}
	builds.order(want)
	return d.Plan(want.Name)
}

// checkPlatform refuses a platform of the environment that the build has not.
func checkPlatform(n *plan.Notes, want *project.Project, s *project.Service) {
	wanted := want.Environment["DOCKER_DEFAULT_PLATFORM"]
	platforms := s.Spec.Build.Platforms
	if wanted == "" || len(platforms) == 0 || s.Spec.Platform != wanted || slices.Contains(platforms, wanted) {
		return
	}
	n.Fail(want.Positions.Of("services", s.Name, "build", "platforms"),
		"service %q build.platforms does not support value set by DOCKER_DEFAULT_PLATFORM: %s (it has %s)", s.Name, wanted, strings.Join(platforms, ", "))
}

// WithBases are the services and, before each that is built, those whose images
// its build uses, active or not. A circle of builds is an error with its place.
func WithBases(want *project.Project, services []*project.Service) ([]*project.Service, error) {
	var all []*project.Service
	done := map[string]bool{}
	var chain []string
	var visit func(s *project.Service) error
	visit = func(s *project.Service) error {
		if i := slices.Index(chain, s.Name); i >= 0 {
			circle := append(slices.Clone(chain[i:]), s.Name)
			return plan.At(want.BasePosition(circle[0], circle[1]), "services need each other to be built: %s", strings.Join(circle, " → "))
		}
		if done[s.Name] {
			return nil
		}
		chain = append(chain, s.Name)
		for _, name := range s.BuildsOn {
			base := want.Declared(name)
			if base == nil || !base.Build {
				continue // said when the file is checked, or by the build
			}
			if err := visit(base); err != nil {
				return err
			}
		}
		chain = chain[:len(chain)-1]
		done[s.Name] = true
		all = append(all, s)
		return nil
	}
	for _, s := range services {
		if err := visit(s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// builds are steps that build images of services.
type builds []struct {
	service *project.Service
	step    *plan.Handle
}

func (b *builds) add(s *project.Service, step *plan.Handle) {
	*b = append(*b, struct {
		service *project.Service
		step    *plan.Handle
	}{s, step})
}

// order lets builds wait for the builds of the images that they build on.
func (b builds) order(want *project.Project) {
	byImage := map[string]*plan.Handle{}
	for _, build := range b {
		byImage[build.service.Image] = build.step
	}
	for _, build := range b {
		for _, name := range build.service.BuildsOn {
			if base := want.Declared(name); base != nil && byImage[base.Image] != build.step {
				build.step.Need(byImage[base.Image])
			}
		}
	}
}
