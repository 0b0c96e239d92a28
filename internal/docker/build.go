package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// labelBuilder tells which builder made an image.
const labelBuilder = "com.docker.compose.image.builder"

// keptLines are the last lines of a build that a failure shows.
const keptLines = 20

// buildClassic builds with the engine's classic builder. What only BuildKit can
// do is refused, with the key.
func (e *Engine) buildClassic(ctx context.Context, c *client.Client, spec engine.BuildSpec, report func(engine.Progress)) error {
	b := spec.Service.Spec.Build
	verb := "build " + spec.Service.Image
	if err := refuseBuildKit(spec.Service.Name, b, e.classicWanted()); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	opt := newBuildOptions(spec, b, e.proxyVariables(e.osType()))
	opt.AuthConfigs = e.authConfigs()
	var archive io.ReadCloser
	if remote(b.Context) {
		if b.DockerfileInline != "" {
			return fmt.Errorf("%s: services.%s.build.dockerfile_inline: a remote context brings its own Dockerfile", verb, spec.Service.Name)
		}
		opt.RemoteContext, opt.Dockerfile = b.Context, b.Dockerfile
	} else {
		dir := b.Context
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(spec.Project.Dir, dir)
		}
		opened, err := openContext(dir, b.Dockerfile, b.DockerfileInline)
		if err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		opt.Dockerfile = opened.dockerfile
		archive = opened.stream(ctx)
		defer archive.Close()
	}
	return e.build(ctx, c, verb, spec, opt, archive, report)
}

func (e *Engine) build(ctx context.Context, c *client.Client, verb string, spec engine.BuildSpec, opt build.ImageBuildOptions, archive io.Reader, report func(engine.Progress)) error {
	if archive != nil {
		content := body(ctx, archive)
		defer content.Close()
		archive = content
	}
	answer, err := c.ImageBuild(ctx, archive, opt)
	if err != nil {
		return e.fail(ctx, verb, err)
	}
	defer answer.Body.Close()
	var last []string
	say := func(line string) {
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return
		}
		if last = append(last, line); len(last) > keptLines {
			last = last[1:]
		}
		if !spec.Quiet {
			report(engine.Progress{
				ID: "Image " + spec.Service.Image, Service: spec.Service.Name, Phase: engine.Working,
				Text: "Building", Details: line, At: time.Now(),
			})
		}
	}
	err = decodeMessages(answer.Body, func(m message) error {
		if m.ID != "" && m.Status != "" { // a base image's layer
			if !spec.Quiet {
				report(layerProgress(spec.Service.Image, m))
			}
			return nil
		}
		for line := range strings.Lines(m.Stream + m.Status) {
			say(line)
		}
		return nil
	})
	if failed := (*responseError)(nil); errors.As(err, &failed) && ctx.Err() == nil {
		return &callError{verb, failed.msg + "\n  " + strings.Join(last, "\n  "), nil, err}
	}
	return e.fail(ctx, verb, err)
}

// refuseBuildKit finds the keys that the classic builder does not know.
func refuseBuildKit(service string, b *types.BuildConfig, classicWanted bool) error {
	var keys []string
	for _, k := range []struct {
		key string
		set bool
	}{
		{"additional_contexts", len(b.AdditionalContexts) > 0},
		{"cache_to", len(b.CacheTo) > 0},
		{"entitlements", len(b.Entitlements) > 0},
		{"no_cache_filter", len(b.NoCacheFilter) > 0},
		{"platforms", len(b.Platforms) > 1},
		{"privileged", b.Privileged},
		{"provenance", b.Provenance != "" && b.Provenance != "false"},
		{"sbom", b.SBOM != "" && b.SBOM != "false"},
		{"secrets", len(b.Secrets) > 0},
		{"ssh", len(b.SSH) > 0},
	} {
		if k.set {
			keys = append(keys, fmt.Sprintf("services.%s.build.%s", service, k.key))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if classicWanted {
		return fmt.Errorf("%s: needs BuildKit, and DOCKER_BUILDKIT=0 asks for the classic builder: unset it", strings.Join(keys, ", "))
	}
	return fmt.Errorf("%s: needs BuildKit, the engine's own builder cannot do it: %w", strings.Join(keys, ", "), engine.ErrUnsupported)
}

// newBuildOptions translates a build section, but for its context.
func newBuildOptions(spec engine.BuildSpec, b *types.BuildConfig, proxy map[string]string) build.ImageBuildOptions {
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

// remote reports whether the engine fetches the context itself.
func remote(context string) bool {
	for _, prefix := range []string{"http://", "https://", "git://", "ssh://", "git@", "github.com/"} {
		if strings.HasPrefix(context, prefix) {
			return true
		}
	}
	return false
}
