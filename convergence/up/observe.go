package up

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Observe looks at the engine through the project's eyes: four list calls at
// the same time. If any of them fails there is no observation: half a list
// must not be taken for a project that is half gone.
func Observe(ctx context.Context, e engine.Lister, want *project.Project) (engine.Observed, error) {
	return StartObserving(ctx, e, want.Name).Observe(ctx, want)
}

// ObserveProject looks at the engine for whatever carries the project's label.
// It is for commands that have no file; images are not looked at.
func ObserveProject(ctx context.Context, e engine.Lister, name string) (engine.Observed, error) {
	return StartObserving(ctx, e, name).ObserveProject()
}

// ObserveProject completes the observation where there is no file.
func (s *Observation) ObserveProject() (engine.Observed, error) { return s.observed(nil, nil) }

// Observation is an observation that began when no more than the project's name
// was known, so that the engine and whoever reads the files work at the same time.
type Observation struct {
	engine engine.Lister
	seen   engine.Observed
	calls  *errgroup.Group
	within context.Context // of the calls: they outlive StartObserving
}

// StartObserving begins to look at the project of that name. The calls end with ctx.
func StartObserving(ctx context.Context, e engine.Lister, name string) *Observation {
	s := &Observation{engine: e, seen: engine.Observed{Project: name}}
	s.calls, ctx = errgroup.WithContext(ctx)
	s.within = ctx
	s.calls.Go(func() (err error) {
		s.seen.Containers, err = e.ListContainers(ctx, engine.ContainerFilter{Project: name})
		return err
	})
	s.calls.Go(func() (err error) {
		s.seen.Networks, err = e.ListNetworks(ctx)
		return err
	})
	s.calls.Go(func() (err error) {
		s.seen.Volumes, err = e.ListVolumes(ctx)
		return err
	})
	return s
}

// Recall looks at the past as well, at the same time; see FindStopping. An engine
// that does not know it is none the worse.
func (s *Observation) Recall(w engine.Watcher) *Observation {
	s.calls.Go(func() error {
		if past, err := w.Recall(s.within, s.seen.Project); err == nil {
			s.seen.Past = past
		}
		return nil
	})
	return s
}

// Observe completes the observation with what the project, which has the name
// that is being observed, uses besides. It is called once.
func (s *Observation) Observe(ctx context.Context, want *project.Project) (engine.Observed, error) {
	if refs := imageRefs(want); len(refs) > 0 {
		s.calls.Go(func() (err error) {
			s.seen.Images, err = s.engine.ListImages(ctx, refs)
			return err
		})
	}
	networks, volumes := map[string]bool{}, map[string]bool{}
	for _, n := range want.Networks {
		networks[n.Name] = true
	}
	for _, v := range want.Volumes {
		volumes[v.Name] = true
	}
	o, err := s.observed(networks, volumes)
	if err != nil {
		return o, err
	}
	return o.WithUntaggedImages(ctx, s.engine, want)
}

// observed is what concerns the project: what carries its label, and the
// networks and volumes of these names.
func (s *Observation) observed(networks, volumes map[string]bool) (engine.Observed, error) {
	if err := s.calls.Wait(); err != nil {
		return engine.Observed{}, fmt.Errorf("observe project %s: %w", s.seen.Project, err)
	}
	o := s.seen
	o.Containers = slices.DeleteFunc(o.Containers, func(c engine.Container) bool { return c.Project != o.Project })
	o.Networks = slices.DeleteFunc(o.Networks, func(n engine.Network) bool {
		return n.Labels[project.LabelProject] != o.Project && !networks[n.Name] && !networks[n.ID]
	})
	o.Volumes = slices.DeleteFunc(o.Volumes, func(v engine.Volume) bool {
		return v.Labels[project.LabelProject] != o.Project && !volumes[v.Name]
	})
	o.Sort()
	return o, nil
}

// imageRefs are the images that the project's active services run, mount, and
// use for hooks, without repetition. Services with problems have none made.
func imageRefs(p *project.Project) []engine.ImageRef {
	var refs []engine.ImageRef
	for _, s := range p.Services {
		if s.Provider || len(s.Problems) > 0 { // which may be its images' names
			continue
		}
		refs = append(refs, engine.ServiceImage(s))
		refs = append(refs, engine.VolumeImages(p, s)...)
		refs = append(refs, creation.HookImages(p, s)...)
	}
	slices.SortFunc(refs, func(a, b engine.ImageRef) int {
		if c := images.Compare(a, b); c != 0 || a.Age == b.Age {
			return c
		}
		if a.Age {
			return -1
		}
		return 1
	})
	return slices.CompactFunc(refs, func(a, b engine.ImageRef) bool { return a.Plain() == b.Plain() }) // the one that asks for more stays
}
