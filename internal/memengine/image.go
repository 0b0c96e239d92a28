package memengine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Image is an image and what its configuration says.
type Image struct {
	Ref         string
	ID          string // empty gets one made of Ref, and of Platform unless that is the engine's
	Platform    string // empty is the engine's, linux/amd64
	Entrypoint  []string
	Command     []string
	Env         []string
	StopSignal  string
	Volumes     []string // targets declared as VOLUME
	HealthCheck *engine.HealthCheck
	// Programs are the base names of the commands that the image has; starting
	// another fails. Nil has every command.
	Programs []string
	Labels   map[string]string
	Created  time.Time
	tagged   time.Time
}

// AddImage makes an image known locally. Adding a reference again with another
// ID moves the tag.
func (e *Engine) AddImage(m Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tag(m)
}

// AddImages makes plain images known locally.
func (e *Engine) AddImages(refs ...string) {
	for _, ref := range refs {
		e.AddImage(Image{Ref: ref})
	}
}

// Publish puts an image into the registry that the engine pulls from.
func (e *Engine) Publish(m Image) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := complete(m)
	e.registry[published(m.Ref, c.Platform)] = c
}

func (e *core) tag(m Image) {
	c := complete(m)
	c.tagged = time.Now()
	if old := e.images[normal(m.Ref)]; old != nil && old.ID != c.ID {
		e.nameless[old.ID] = old
	}
	e.images[normal(m.Ref)] = c
	e.touch()
}

func complete(m Image) *Image {
	if m.Platform == "" {
		m.Platform = ownPlatform
	}
	if m.ID == "" && m.Platform == ownPlatform {
		m.ID = "sha256:" + digest(m.Ref)
	}
	if m.ID == "" {
		m.ID = "sha256:" + digest(m.Ref+" "+m.Platform)
	}
	if m.Created.IsZero() {
		m.Created = time.Unix(1700000000, 0)
	}
	return &m
}

// ownPlatform is the engine's.
const ownPlatform = "linux/amd64"

// published is the key of an image in the registry.
func published(ref, platform string) string {
	if platform == "" || platform == project.NativePlatform {
		platform = ownPlatform
	}
	return normal(ref) + " " + platform
}

// fits reports whether the image is of the platform that is asked for.
func (m *Image) fits(platform string) bool {
	return platform == "" || m.Platform == platform || platform == project.NativePlatform && m.Platform == ownPlatform
}

// normal is a reference in full: with registry, and with a tag unless it has a digest.
func normal(ref string) string {
	if strings.HasPrefix(ref, "sha256:") {
		return ref
	}
	first, _, nested := strings.Cut(ref, "/")
	switch {
	case !nested:
		ref = "docker.io/library/" + ref
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		ref = "docker.io/" + ref
	}
	if !strings.Contains(ref, "@") && !strings.Contains(ref[strings.LastIndexByte(ref, '/'):], ":") {
		ref += ":latest"
	}
	return ref
}

// ListImages implements engine.Images.
func (e *Engine) ListImages(ctx context.Context, refs []engine.ImageRef) ([]engine.Image, error) {
	var o engine.Observed
	err := e.call(ctx, Call{Method: "ListImages"}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, ref := range refs {
			m := e.images[normal(ref.Ref)]
			if m == nil {
				m = e.imageByID(ref.Ref)
			}
			if m != nil && m.fits(ref.Platform) {
				o.Images = append(o.Images, engine.Image{
					Ref: ref.Ref, Wanted: ref.Platform, ID: m.ID, Digest: m.ID, Created: m.Created, LastTagged: m.tagged,
					Tags: e.tags(m.ID), Size: imageSize, Platform: m.Platform,
				})
			}
		}
		return nil
	})
	o.Sort()
	o.Images = slices.CompactFunc(o.Images, func(a, b engine.Image) bool { return a.Ref == b.Ref && a.Wanted == b.Wanted })
	return o.Images, err
}

// imageSize is the size of every image, in bytes.
const imageSize = 2_000_000

// imageByID is a local image, by its full ID. The caller holds mu.
func (e *core) imageByID(id string) *Image {
	for _, ref := range slices.Sorted(maps.Keys(e.images)) {
		if e.images[ref].ID == id {
			return e.images[ref]
		}
	}
	return e.nameless[id]
}

// tags are the references of a local image, as given. The caller holds mu.
func (e *core) tags(id string) []string {
	var tags []string
	for _, m := range e.images {
		if m.ID == id {
			tags = append(tags, m.Ref)
		}
	}
	slices.Sort(tags)
	return tags
}

// PullImage implements engine.Images.
func (e *Engine) PullImage(ctx context.Context, ref engine.ImageRef, report func(engine.Progress)) error {
	return e.call(ctx, Call{Method: "PullImage", Target: ref.Ref}, func() error {
		e.mu.Lock()
		m := e.registry[published(ref.Ref, ref.Platform)]
		e.mu.Unlock()
		if m == nil {
			return fmt.Errorf("pull %s: manifest unknown: %w", ref.Ref, engine.ErrNotFound)
		}
		if report != nil {
			layer := digest(m.ID)[:12]
			report(engine.Progress{ID: layer, Parent: "Image " + ref.Ref, Phase: engine.Working, Text: "Downloading", Current: 1, Total: 2})
			report(engine.Progress{ID: layer, Parent: "Image " + ref.Ref, Phase: engine.Done, Text: "Pull complete", Current: 2, Total: 2})
		}
		e.AddImage(*m)
		return nil
	})
}

// BuildImage implements engine.Images. Every build makes another image
// with the configuration of the one it replaces.
func (e *Engine) BuildImage(ctx context.Context, spec engine.BuildSpec, report func(engine.Progress)) error {
	ref := spec.Service.Image
	return e.call(ctx, Call{Method: "BuildImage", Target: ref}, func() error {
		if report != nil {
			report(engine.Progress{ID: "Image " + ref, Phase: engine.Working, Text: "Building"})
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		m := Image{}
		if old := e.images[normal(ref)]; old != nil {
			m = *old
		}
		m.Ref, m.ID, m.Created = ref, "sha256:"+e.newID("image"), time.Now()
		m.Labels, m.Platform = maps.Clone(spec.Labels), spec.Service.Spec.Platform
		e.tag(m)
		return nil
	})
}

// ListBuiltImages implements engine.Images.
func (e *Engine) ListBuiltImages(ctx context.Context, name string) ([]engine.BuiltImage, error) {
	var built []engine.BuiltImage
	err := e.call(ctx, Call{Method: "ListBuiltImages"}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, ref := range slices.Sorted(maps.Keys(e.images)) {
			if m := e.images[ref]; m.built(name) {
				built = append(built, engine.BuiltImage{Ref: familiar(ref), Service: m.Labels[project.LabelService]})
			}
		}
		return nil
	})
	return built, err
}

// familiar is the form in which engines list a reference.
func familiar(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
}

// RemoveImage implements engine.Images.
func (e *Engine) RemoveImage(ctx context.Context, ref string) error {
	return e.call(ctx, Call{Method: "RemoveImage", Target: ref}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		m := e.images[normal(ref)]
		if m == nil {
			return nil
		}
		for _, c := range e.sorted() {
			if c.imageID == m.ID {
				return fmt.Errorf("remove image %s: container %s is using it: %w", ref, c.id[:12], engine.ErrConflict)
			}
		}
		delete(e.images, normal(ref))
		e.touch()
		return nil
	})
}
