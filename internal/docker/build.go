package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
)

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
	opt := request.Build(spec, b, e.proxyVariables(e.osType()))
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
		if line = engine.HideInAddresses(strings.TrimRight(line, "\r\n")); line == "" {
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
		return &callError{verb, failed.Error() + "\n  " + strings.Join(last, "\n  "), nil, err}
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
		return fmt.Errorf("%s: needs BuildKit, but DOCKER_BUILDKIT=0 selects the classic builder: unset it", strings.Join(keys, ", "))
	}
	return fmt.Errorf("%s: needs BuildKit, which this engine's builder is not: %w", strings.Join(keys, ", "), engine.ErrUnsupported)
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
