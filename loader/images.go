package loader

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// WithImages returns a copy of the project in which the services run other
// images, keyed by service.
func WithImages(p *project.Project, images map[string]string) (*project.Project, error) {
	services := types.Services{}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		s := p.Service(name)
		if s == nil {
			return nil, &project.UnknownServiceError{Name: name}
		}
		spec := s.Spec
		spec.Image = images[name]
		services[name] = spec
	}
	return rebuild(p, withServices(p, services))
}

// RenderImages writes only the services' images, as an override file.
func RenderImages(w io.Writer, p *project.Project, format Format) error {
	services := map[string]any{}
	for _, s := range p.Services {
		if s.Spec.Image != "" {
			services[s.Name] = map[string]any{"image": s.Spec.Image}
		}
	}
	d := &document{format: format, fill: func(string, map[string]any) {}, finish: func(*yaml.Node) {}}
	if err := d.write(w, mapEntries(map[string]any{"services": services})); err != nil {
		return fmt.Errorf("write the images of %s: %w", p.Name, err)
	}
	return nil
}
