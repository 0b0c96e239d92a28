package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/project"
)

// ListImages implements engine.Images. Plain references are answered by
// one list call together; digests, IDs, platforms and ages take an inspect call
// each.
func (e *Engine) ListImages(ctx context.Context, refs []engine.ImageRef) ([]engine.Image, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	c, err := e.connected(ctx)
	if err != nil {
		return nil, err
	}
	named, singly := divide(refs)
	o := engine.Observed{}
	if len(named) > 0 {
		if o.Images, err = e.listByName(ctx, c.ClientVersion(), named); err != nil {
			return nil, err
		}
	}
	for _, r := range refs {
		// A name that looks like the beginning of an ID may be one.
		if !slices.Contains(singly, r) && (!hexadecimal(r.Ref) || slices.ContainsFunc(o.Images, func(m engine.Image) bool { return m.Ref == r.Ref })) {
			continue
		}
		m, found, err := e.inspectRef(ctx, c.ClientVersion(), r)
		if err != nil {
			return nil, err
		}
		if found {
			o.Images = append(o.Images, m)
		}
	}
	o.Sort()
	o.Images = slices.CompactFunc(o.Images, func(a, b engine.Image) bool { return a.Ref == b.Ref && a.Wanted == b.Wanted && a.ID == b.ID })
	return o.Images, nil
}

// divide separates what a list by name can answer; names are keyed by the form
// in which the engine lists them.
func divide(refs []engine.ImageRef) (named map[string][]string, singly []engine.ImageRef) {
	named = map[string][]string{}
	for _, r := range refs {
		familiar, ok := familiarTag(r.Ref)
		if !ok || r.Platform != "" || r.Age {
			singly = append(singly, r)
			continue
		}
		named[familiar] = append(named[familiar], r.Ref)
	}
	return named, singly
}

// familiarTag is the short form with a tag: nginx:latest. References by digest
// or ID have none.
func familiarTag(ref string) (string, bool) {
	if strings.HasPrefix(ref, "sha256:") {
		return "", false
	}
	n, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", false
	}
	if _, digested := n.(reference.Digested); digested {
		return "", false
	}
	return reference.FamiliarString(reference.TagNameOnly(n)), true
}

func hexadecimal(s string) bool {
	return len(s) >= 4 && len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func (e *Engine) listByName(ctx context.Context, api string, named map[string][]string) ([]engine.Image, error) {
	f := filters.NewArgs()
	for name := range named { // a set: its encoding is sorted
		f.Add("reference", name)
	}
	opt := image.ListOptions{Filters: f, Manifests: !versions.LessThan(api, "1.48")}
	summaries, err := call(ctx, e, read(), "list images", func(ctx context.Context, c *client.Client) ([]image.Summary, error) {
		return c.ImageList(ctx, opt)
	})
	if err != nil {
		return nil, err
	}
	var images []engine.Image
	for _, s := range summaries {
		for _, tag := range s.RepoTags {
			for _, ref := range named[tag] {
				digest, err := e.manifestDigest(ctx, s.ID, s.Manifests, nil)
				if err != nil {
					return nil, err
				}
				images = append(images, engine.Image{Ref: ref, ID: s.ID, Digest: digest, Created: time.Unix(s.Created, 0).UTC()})
			}
		}
	}
	return images, nil
}

// ListBuiltImages implements engine.Images.
func (e *Engine) ListBuiltImages(ctx context.Context, name string) ([]engine.BuiltImage, error) {
	opt := image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", project.LabelProject+"="+name))}
	summaries, err := call(ctx, e, read(), "list images", func(ctx context.Context, c *client.Client) ([]image.Summary, error) {
		return c.ImageList(ctx, opt)
	})
	var built []engine.BuiltImage
	for _, s := range summaries {
		for _, tag := range s.RepoTags {
			if tag != "<none>:<none>" { // as old engines call what has no name
				built = append(built, engine.BuiltImage{Ref: tag, Service: s.Labels[project.LabelService]})
			}
		}
	}
	slices.SortFunc(built, func(a, b engine.BuiltImage) int { return strings.Compare(a.Ref, b.Ref) })
	return built, err
}

// inspectRef looks one reference up. An image of another platform than asked
// for does not count, and none has a platform or a reference that cannot be read:
// what is wrong with it, only those are told who want the image.
func (e *Engine) inspectRef(ctx context.Context, api string, r engine.ImageRef) (engine.Image, bool, error) {
	if r.Platform != "" && !project.IsPlatform(r.Platform) {
		return engine.Image{}, false, nil
	}
	platform, err := e.platform(ctx, r.Platform)
	if err != nil {
		return engine.Image{}, false, fmt.Errorf("inspect image %s: %w", r.Ref, err)
	}
	manifests := !versions.LessThan(api, "1.48")
	answer, err := call(ctx, e, read(), "inspect image "+r.Ref, func(ctx context.Context, c *client.Client) (image.InspectResponse, error) {
		if manifests {
			return c.ImageInspect(ctx, r.Ref, client.ImageInspectWithManifests(true))
		}
		return c.ImageInspect(ctx, r.Ref)
	})
	if errors.Is(err, engine.ErrNotFound) || cerrdefs.IsInvalidArgument(err) {
		return engine.Image{}, false, nil
	}
	if err != nil {
		return engine.Image{}, false, err
	}
	if platform != nil && !offers(answer, *platform) {
		return engine.Image{}, false, nil
	}
	digest, err := e.manifestDigest(ctx, answer.ID, answer.Manifests, platform)
	if err != nil {
		return engine.Image{}, false, err
	}
	m := engine.Image{
		Ref: r.Ref, Wanted: r.Platform, ID: answer.ID, Digest: digest, Created: parseTime(answer.Created), LastTagged: answer.Metadata.LastTagTime,
		Tags: slices.Sorted(slices.Values(answer.RepoTags)), Size: answer.Size,
		Platform: platformText(answer.Os, answer.Architecture, answer.Variant),
	}
	return m, true, nil
}

// platform reads a platform; nil is none in particular.
func (e *Engine) platform(ctx context.Context, text string) (*ocispec.Platform, error) {
	if text == project.NativePlatform {
		own, err := e.native(ctx)
		return &own, err
	}
	platform, err := request.Platform(text)
	if err != nil {
		err = fmt.Errorf("platform %w", err)
	}
	return platform, err
}

// native is the engine's own platform, which is asked for once.
func (e *Engine) native(ctx context.Context) (ocispec.Platform, error) {
	e.mu.Lock()
	known := e.own
	e.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	v, err := call(ctx, e, read(), "ask for the engine's version", func(ctx context.Context, c *client.Client) (types.Version, error) {
		return c.ServerVersion(ctx)
	})
	if err != nil {
		return ocispec.Platform{}, err
	}
	own := ocispec.Platform{OS: v.Os, Architecture: v.Arch}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.own = &own
	return own, nil
}

// platformText is os/architecture[/variant], as people write it.
func platformText(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "/")
}

// offers reports whether the local image can run on the platform.
func offers(answer image.InspectResponse, want ocispec.Platform) bool {
	for _, m := range answer.Manifests {
		if runnable(m) && matches(m.ImageData.Platform, want) {
			return true
		}
	}
	own := ocispec.Platform{OS: answer.Os, Architecture: answer.Architecture, Variant: answer.Variant}
	return len(answer.Manifests) == 0 && matches(own, want)
}

func runnable(m image.ManifestSummary) bool {
	return m.Kind == image.ManifestKindImage && m.Available && m.ImageData != nil
}

// matches compares what the wanted platform says; a missing variant is any.
func matches(have, want ocispec.Platform) bool {
	return have.OS == want.OS && (want.Architecture == "" || normalArch(have.Architecture) == normalArch(want.Architecture)) &&
		(want.Variant == "" || have.Variant == "" || have.Variant == want.Variant)
}

// normalArch maps the kernel's names to Go's.
func normalArch(arch string) string {
	switch arch {
	case "x86_64", "x86-64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "i386":
		return "386"
	case "armhf", "armel":
		return "arm"
	}
	return arch
}

// manifestDigest is the digest of the manifest for the platform, nil being the
// engine's, where the engine keeps manifests, else the image's ID.
func (e *Engine) manifestDigest(ctx context.Context, id string, manifests []image.ManifestSummary, platform *ocispec.Platform) (string, error) {
	var candidates []image.ManifestSummary
	for _, m := range manifests {
		if runnable(m) {
			candidates = append(candidates, m)
		}
	}
	switch {
	case len(candidates) == 0:
		return id, nil
	case len(candidates) == 1:
		return candidates[0].ID, nil
	}
	if platform == nil {
		own, err := e.native(ctx)
		if err != nil {
			return "", err
		}
		platform = &own
	}
	for _, m := range candidates {
		if matches(m.ImageData.Platform, *platform) {
			return m.ID, nil
		}
	}
	return candidates[0].ID, nil
}

// RemoveImage implements engine.Images. An image in use wraps
// engine.ErrConflict.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	err := e.do(ctx, change(), "remove image "+ref, func(ctx context.Context, c *client.Client) error {
		_, err := c.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
		return err
	})
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}
