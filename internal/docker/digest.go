package docker

import (
	"context"
	"fmt"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// ResolveDigest implements engine.Images.
func (e *Engine) ResolveDigest(ctx context.Context, ref engine.ImageRef) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref.Ref)
	if err != nil {
		return "", fmt.Errorf("resolve %s: not an image reference: %w", ref.Ref, err)
	}
	given := e.credentials(registryOf(named))
	found, err := call(ctx, e, read(), "resolve "+ref.Ref, func(ctx context.Context, d *client.Client) (registry.DistributionInspect, error) {
		return d.DistributionInspect(ctx, named.String(), given.auth)
	})
	return found.Descriptor.Digest.String(), err
}
