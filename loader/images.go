package loader

import (
	"fmt"
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
func RenderImages(p *project.Project, format Format) ([]byte, error) {
	services := map[string]any{}
	for _, s := range p.Services {
		if s.Spec.Image != "" {
			services[s.Name] = map[string]any{"image": s.Spec.Image}
		}
	}
	var doc yaml.Node
	if err := doc.Encode(map[string]any{"services": services}); err != nil {
		return nil, fmt.Errorf("write the images of %s: %w", p.Name, err)
	}
	return encode(&doc, format, func(map[string]any) {})
}
