package docker

import (
	"context"
	"fmt"
	"strconv"

	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
)

// BuildImage implements engine.Images: with the builder that is chosen, the
// engine's BuildKit, or its classic builder if it has none or DOCKER_BUILDKIT=0 asks for that one.
func (e *Engine) BuildImage(ctx context.Context, spec engine.BuildSpec, report func(engine.Progress)) error {
	if spec.Service.Spec.Build == nil {
		return fmt.Errorf("build %s: services.%s has no build section", spec.Service.Image, spec.Service.Name)
	}
	c, err := e.connected(ctx)
	if err != nil {
		return err
	}
	var remote *build.Remote
	if !e.classicWanted() {
		remote = e.remoteBuilder(ctx, spec)
	}
	if remote == nil && !e.wantsBuildKit(ctx, c) {
		return e.buildClassic(ctx, c, spec, report)
	}
	opt := build.Options{Remote: remote, Config: e.buildConfig(), Proxy: e.proxyVariables(e.osType()), TempDir: e.settings.Getenv("TMPDIR")}
	return build.Build(ctx, c, spec, opt, report)
}

func (e *Engine) wantsBuildKit(ctx context.Context, c *client.Client) bool {
	return !e.classicWanted() && e.osType() != "windows" && build.Supported(ctx, c)
}

// classicWanted reports whether DOCKER_BUILDKIT asks for the classic builder.
func (e *Engine) classicWanted() bool {
	wanted, err := strconv.ParseBool(e.settings.Getenv("DOCKER_BUILDKIT"))
	return err == nil && !wanted
}
