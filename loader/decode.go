package loader

import (
	"cmp"
	"maps"
	"slices"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/node"
)

// normalize fills in what is implied. Where variables are kept, names without a
// value stay names: compose-go would drop those of build arguments.
func (l *loader) normalize(model map[string]any) (map[string]any, error) {
	if !l.in.NoInterpolate {
		return compose.Normalize(model, l.env.Values)
	}
	args := buildArgs(model)
	model, err := compose.Normalize(model, nil)
	for name := range buildArgs(model) {
		service := model["services"].(map[string]any)[name].(map[string]any)
		service["build"].(map[string]any)["args"] = args[name]
	}
	return model, err
}

// buildArgs are the build arguments by service.
func buildArgs(model map[string]any) map[string]any {
	args := map[string]any{}
	services, _ := model["services"].(map[string]any)
	for name, v := range services {
		service, _ := v.(map[string]any)
		build, _ := service["build"].(map[string]any)
		if a, ok := build["args"]; ok {
			args[name] = a
		}
	}
	return args
}

// decode makes compose-go's project of the merged model, many services in
// parallel.
func (l *loader) decode(model map[string]any, tree *node.Node) (*types.Project, error) {
	details := types.ConfigDetails{WorkingDir: l.dir, Environment: l.env.Values}
	profiles := l.activeProfiles(tree)
	options := compose.ToOptions(&details, []func(*compose.Options){func(o *compose.Options) {
		o.SetProjectName(l.name, true)
		o.Profiles = profiles
		o.SkipConsistencyCheck = true // ours names every problem with its place
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
		convert, _ := l.env.Lookup("COMPOSE_CONVERT_WINDOWS_PATHS")
		o.ConvertWindowsPaths = env.ParseBool(convert) && !l.in.NoPathResolution
	}})
	chunks := split(model)
	decoded := make([]*types.Project, len(chunks))
	err := concurrently(len(chunks), func(i int) (err error) {
		decoded[i], err = compose.ModelToProject(chunks[i], options, details)
		return err
	})
	if err != nil {
		return nil, err
	}
	p := decoded[0]
	for i, part := range decoded[1:] {
		maps.Copy(p.Services, part.Services)
		maps.Copy(p.DisabledServices, part.DisabledServices)
		decoded[i+1] = nil
	}
	p.ComposeFiles = l.files
	for _, spec := range p.Services {
		if spec.Scale != nil && spec.Deploy != nil {
			spec.Deploy.Replicas = spec.Scale
		}
		if spec.Build != nil { // decoded from a map, in its random order
			slices.SortFunc(spec.Build.SSH, func(a, b types.SSHKey) int { return cmp.Compare(a.ID, b.ID) })
		}
	}
	if !l.in.AllResources {
		p = withoutUnused(p)
	}
	return p, nil
}
