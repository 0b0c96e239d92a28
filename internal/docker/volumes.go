package docker

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/project"
)

// ListVolumes implements engine.Volumes.
func (e *Engine) ListVolumes(ctx context.Context) ([]engine.Volume, error) {
	answer, err := call(ctx, e, read(), "list volumes", func(ctx context.Context, c *client.Client) (volume.ListResponse, error) {
		return c.VolumeList(ctx, volume.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	o := engine.Observed{Volumes: make([]engine.Volume, len(answer.Volumes))}
	for i, v := range answer.Volumes {
		o.Volumes[i] = engine.Volume{Name: v.Name, Labels: v.Labels, Driver: v.Driver, Mountpoint: v.Mountpoint, Scope: v.Scope}
	}
	o.Sort()
	return o.Volumes, nil
}

// CreateVolume implements engine.Volumes. The engine answers with an
// existing volume of that name; one with other labels is a conflict.
func (e *Engine) CreateVolume(ctx context.Context, v *project.Volume, labels map[string]string) error {
	verb := "create volume " + v.Name
	// Creating is idempotent, so it may be repeated like a read.
	made, err := call(ctx, e, kind{deadline: change().deadline, tries: read().tries}, verb,
		func(ctx context.Context, c *client.Client) (volume.Volume, error) {
			return c.VolumeCreate(ctx, request.Volume(v, labels))
		})
	if err != nil {
		return err
	}
	if !sameDefinition(made.Labels, labels) {
		why := "a volume with that name already exists and does not belong to this project, or differs"
		return &callError{verb, why, engine.ErrConflict, errors.New(why)}
	}
	return nil
}

// RemoveVolume implements engine.Volumes. A volume in use wraps
// engine.ErrConflict.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	err := e.do(ctx, change(), "remove volume "+name, func(ctx context.Context, c *client.Client) error {
		return c.VolumeRemove(ctx, name, false)
	})
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}
