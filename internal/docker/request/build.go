package request

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// labelBuilder tells which builder made an image.
const labelBuilder = "com.docker.compose.image.builder"

// Build translates a build section, but for its context.
func Build(spec engine.BuildSpec, b *types.BuildConfig, proxy map[string]string) build.ImageBuildOptions {
	opt := build.ImageBuildOptions{
		Tags:        unique(append([]string{spec.Service.Image}, b.Tags...)),
		NoCache:     spec.NoCache || b.NoCache,
		PullParent:  spec.Pull || b.Pull,
		Remove:      true,
		ForceRemove: true,
		Isolation:   container.Isolation(b.Isolation),
		NetworkMode: b.Network,
		ShmSize:     int64(b.ShmSize),
		Ulimits:     ulimits(b.Ulimits),
		BuildArgs:   buildArgs(spec, b, proxy),
		Labels:      map[string]string{labelBuilder: "classic"},
		CacheFrom:   b.CacheFrom,
		ExtraHosts:  slices.Sorted(slices.Values(b.ExtraHosts.AsList(":"))),
		Target:      b.Target,
		Platform:    buildPlatform(spec.Project, spec.Service.Spec.Platform, b.Platforms),
		Version:     build.BuilderV1,
	}
	maps.Copy(opt.Labels, b.Labels)
	maps.Copy(opt.Labels, spec.Labels)
	return opt
}

// buildArgs are the proxy's, below the file's, below the command line's. A name
// alone takes its value from the project's environment.
func buildArgs(spec engine.BuildSpec, b *types.BuildConfig, proxy map[string]string) map[string]*string {
	args := map[string]*string{}
	for name, value := range proxy {
		args[name] = &value
	}
	set := func(name string, value *string) {
		if value == nil {
			inherited, ok := spec.Project.Environment[name]
			if !ok {
				return
			}
			value = &inherited
		}
		args[name] = value
	}
	for name, value := range b.Args {
		set(name, value)
	}
	for _, arg := range spec.Args {
		name, value, found := strings.Cut(arg, "=")
		if found {
			set(name, &value)
		} else {
			set(name, nil)
		}
	}
	return args
}

func buildPlatform(p *project.Project, service string, platforms []string) string {
	if service != "" {
		return service
	}
	if len(platforms) == 1 {
		return platforms[0]
	}
	return p.Environment["DOCKER_DEFAULT_PLATFORM"]
}
