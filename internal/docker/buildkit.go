package docker

import (
	"context"
	"fmt"
	"strconv"

	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
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
	var remote *builder.Remote
	if e.settings.Builder != nil && !e.classicWanted() {
		remote = e.remoteBuilder(ctx, spec)
	}
	if remote == nil && !e.wantsBuildKit(ctx, c) {
		return e.buildClassic(ctx, c, spec, report)
	}
	opt := builder.Options{Remote: remote, Config: e.buildConfig(), Proxy: e.proxyVariables(e.osType()), TempDir: e.settings.Getenv("TMPDIR")}
	return e.settings.Builder.Build(ctx, c, spec, opt, report)
}

func (e *Engine) wantsBuildKit(ctx context.Context, c *client.Client) bool {
	return e.settings.Builder != nil && !e.classicWanted() && e.osType() != "windows" && e.settings.Builder.Supported(ctx, c)
}

// classicWanted reports whether DOCKER_BUILDKIT asks for the classic builder.
func (e *Engine) classicWanted() bool {
	wanted, err := strconv.ParseBool(e.settings.Getenv("DOCKER_BUILDKIT"))
	return err == nil && !wanted
}
