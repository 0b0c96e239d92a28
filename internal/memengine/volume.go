package memengine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

type volume struct {
	engine.Volume
	anonymous bool
	files     map[string]*file // by path under the mount point
}

// ensureVolume makes the volume unless it is there, as creating a container
// that mounts it does.
func (e *core) ensureVolume(name string, anonymous bool) *volume {
	if v := e.volumes[name]; v != nil {
		return v
	}
	v := &volume{Volume: engine.Volume{Name: name, Driver: "local", Scope: "local", Mountpoint: "/var/lib/docker/volumes/" + name + "/_data"}, anonymous: anonymous, files: map[string]*file{}}
	e.volumes[name] = v
	return v
}

// ListVolumes implements engine.Volumes.
func (e *Engine) ListVolumes(ctx context.Context) ([]engine.Volume, error) {
	var o engine.Observed
	err := e.call(ctx, Call{Method: "ListVolumes"}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, v := range e.volumes {
			listed := v.Volume
			listed.Labels = maps.Clone(v.Labels)
			o.Volumes = append(o.Volumes, listed)
		}
		return nil
	})
	o.Sort()
	return o.Volumes, err
}

// CreateVolume implements engine.Volumes.
func (e *Engine) CreateVolume(ctx context.Context, v *project.Volume, labels map[string]string) error {
	return e.call(ctx, Call{Method: "CreateVolume", Target: v.Name}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		driver := v.Spec.Driver
		if driver == "" {
			driver = "local"
		}
		if old := e.volumes[v.Name]; old != nil {
			if old.Driver != driver {
				return fmt.Errorf("volume %s exists with driver %s: %w", v.Name, old.Driver, engine.ErrConflict)
			}
			return nil
		}
		made := e.ensureVolume(v.Name, false)
		made.Labels, made.Driver = maps.Clone(labels), driver
		e.touch()
		return nil
	})
}

// RemoveVolume implements engine.Volumes.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	return e.call(ctx, Call{Method: "RemoveVolume", Target: name}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if user := e.volumeUser(name); user != nil {
			return fmt.Errorf("remove volume %s: volume is in use - [%s]: %w", name, user.id, engine.ErrConflict)
		}
		delete(e.volumes, name)
		e.touch()
		return nil
	})
}

// volumeUser is a container, in any state, that mounts the volume.
func (e *core) volumeUser(name string) *container {
	for _, c := range e.sorted() {
		if slices.ContainsFunc(c.mounts, func(m mount) bool { return m.Type == "volume" && m.Name == name }) {
			return c
		}
	}
	return nil
}
