package build

import (
	"context"
	"slices"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// localBases is a gateway that looks for some images in the engine only: those
// that other services build. A registry may have others by these names.
type localBases struct {
	gateway.Client
	images []string // in full
}

func newLocalBases(c gateway.Client, images []string) localBases {
	l := localBases{Client: c}
	for _, ref := range images {
		if named, err := reference.ParseNormalizedNamed(ref); err == nil {
			l.images = append(l.images, reference.TagNameOnly(named).String())
		}
	}
	return l
}

// ResolveImageConfig implements gateway.Client.
func (l localBases) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if slices.Contains(l.images, ref) && opt.ImageOpt != nil {
		image := *opt.ImageOpt
		image.ResolveMode = pb.AttrImageResolveModePreferLocal
		opt.ImageOpt = &image
	}
	return l.Client.ResolveImageConfig(ctx, ref, opt)
}
