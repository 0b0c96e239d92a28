package loader

import (
	"maps"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// WithModels returns a copy of the project in which every service that uses
// language models has the variables that name each of them and the endpoint that
// serves it.
func WithModels(p *project.Project, endpoint string) (*project.Project, error) {
	services := types.Services{}
	for _, s := range p.Services {
		if len(s.Spec.Models) == 0 {
			continue
		}
		spec := s.Spec
		spec.Environment = maps.Clone(spec.Environment)
		if spec.Environment == nil {
			spec.Environment = types.MappingWithEquals{}
		}
		for _, key := range sortedKeys(spec.Models) {
			model, url := modelVariables(key, spec.Models[key])
			reference := p.Compose.Models[key].Model
			spec.Environment[model], spec.Environment[url] = &reference, &endpoint
		}
		services[s.Name] = spec
	}
	return rebuild(p, withServices(p, services))
}

// modelVariables are the names that the service wants, or those made of the
// model's key: AI-RUNNER becomes AI_RUNNER_MODEL and AI_RUNNER_URL.
func modelVariables(key string, use *types.ServiceModelConfig) (model, url string) {
	stem := strings.ReplaceAll(strings.ToUpper(key), "-", "_")
	model, url = stem+"_MODEL", stem+"_URL"
	if use != nil && use.ModelVariable != "" {
		model = use.ModelVariable
	}
	if use != nil && use.EndpointVariable != "" {
		url = use.EndpointVariable
	}
	return model, url
}
