package convergence

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/project"
)

// Lister is what observing a project asks of an engine.
type Lister interface {
	ListContainers(ctx context.Context, f ContainerFilter) ([]Container, error)
	ListNetworks(ctx context.Context) ([]Network, error)
	ListVolumes(ctx context.Context) ([]Volume, error)
	ListImages(ctx context.Context, refs []ImageRef) ([]Image, error)
}

// Observe looks at the engine through the project's eyes: four list calls at
// the same time. If any of them fails there is no observation: half a list
// must not be taken for a project that is half gone.
func Observe(ctx context.Context, e Lister, want *project.Project) (Observed, error) {
	networks, volumes := map[string]bool{}, map[string]bool{}
	for _, n := range want.Networks {
		networks[n.Name] = true
	}
	for _, v := range want.Volumes {
		volumes[v.Name] = true
	}
	return observe(ctx, e, want.Name, networks, volumes, imageRefs(want))
}

// ObserveProject looks at the engine for whatever carries the project's label.
// It is for commands that have no file; images are not looked at.
func ObserveProject(ctx context.Context, e Lister, name string) (Observed, error) {
	return observe(ctx, e, name, nil, nil, nil)
}

func observe(ctx context.Context, e Lister, name string, networks, volumes map[string]bool, refs []ImageRef) (Observed, error) {
	o := Observed{Project: name}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		o.Containers, err = e.ListContainers(ctx, ContainerFilter{Project: name})
		return err
	})
	g.Go(func() (err error) {
		o.Networks, err = e.ListNetworks(ctx)
		return err
	})
	g.Go(func() (err error) {
		o.Volumes, err = e.ListVolumes(ctx)
		return err
	})
	if len(refs) > 0 {
		g.Go(func() (err error) {
			o.Images, err = e.ListImages(ctx, refs)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Observed{}, fmt.Errorf("observe project %s: %w", name, err)
	}
	o.Containers = slices.DeleteFunc(o.Containers, func(c Container) bool { return c.Project != name })
	o.Networks = slices.DeleteFunc(o.Networks, func(n Network) bool {
		return n.Labels[project.LabelProject] != name && !networks[n.Name] && !networks[n.ID]
	})
	o.Volumes = slices.DeleteFunc(o.Volumes, func(v Volume) bool {
		return v.Labels[project.LabelProject] != name && !volumes[v.Name]
	})
	o.Sort()
	return o, nil
}

// imageRefs are the images that the project's active services run, mount, and
// use for hooks, without repetition.
func imageRefs(p *project.Project) []ImageRef {
	var refs []ImageRef
	for _, s := range p.Services {
		if s.Provider {
			continue
		}
		refs = append(refs, serviceImage(p, s))
		refs = append(refs, volumeImages(p, s)...)
	}
	slices.SortFunc(refs, func(a, b ImageRef) int { return compareImageRefs(a, b) })
	return slices.Compact(refs)
}
