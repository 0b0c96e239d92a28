package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/project"
)

// StartContainer implements engine.Containers. Starting is idempotent, so
// that it is done again if the answer was lost.
func (e *Engine) StartContainer(ctx context.Context, c engine.Ref) error {
	start := func() error {
		return e.do(ctx, change(), doing("start", c), func(ctx context.Context, d *client.Client) error {
			return d.ContainerStart(ctx, c.Key(), container.StartOptions{})
		})
	}
	err := start()
	if err != nil && dropped(err) && ctx.Err() == nil {
		err = start()
	}
	if err != nil && strings.Contains(err.Error(), "is ambiguous") { // two networks of one name: a killed run's came late
		return &callError{doing("start", c), innermost(err).Error(), engine.ErrStale, err}
	}
	return err
}

// StopContainer implements engine.Containers. It waits as long as the
// container takes.
func (e *Engine) StopContainer(ctx context.Context, c engine.Ref, grace *time.Duration) error {
	return e.do(ctx, long(), doing("stop", c), func(ctx context.Context, d *client.Client) error {
		return d.ContainerStop(ctx, c.Key(), container.StopOptions{Timeout: request.Seconds(grace)})
	})
}

// RestartContainer implements engine.Containers.
func (e *Engine) RestartContainer(ctx context.Context, c engine.Ref, grace *time.Duration) error {
	return e.do(ctx, long(), doing("restart", c), func(ctx context.Context, d *client.Client) error {
		return d.ContainerRestart(ctx, c.Key(), container.StopOptions{Timeout: request.Seconds(grace)})
	})
}

// KillContainer implements engine.Containers. A container that does not
// run is an error that wraps engine.ErrConflict.
func (e *Engine) KillContainer(ctx context.Context, c engine.Ref, signal string) error {
	return e.do(ctx, change(), doing("kill", c), func(ctx context.Context, d *client.Client) error {
		return d.ContainerKill(ctx, c.Key(), signal)
	})
}

// PauseContainer implements engine.Containers; a paused one stays so.
func (e *Engine) PauseContainer(ctx context.Context, c engine.Ref) error {
	err := e.do(ctx, change(), doing("pause", c), func(ctx context.Context, d *client.Client) error {
		return d.ContainerPause(ctx, c.Key())
	})
	return alreadyAs(err, "already paused")
}

// UnpauseContainer implements engine.Containers; a thawed one stays so.
func (e *Engine) UnpauseContainer(ctx context.Context, c engine.Ref) error {
	err := e.do(ctx, change(), doing("unpause", c), func(ctx context.Context, d *client.Client) error {
		return d.ContainerUnpause(ctx, c.Key())
	})
	return alreadyAs(err, "is not paused")
}

// alreadyAs forgives an error that says that there was nothing to do. The
// engine has no status of its own for it.
func alreadyAs(err error, text string) error {
	if err != nil && strings.Contains(err.Error(), text) {
		return nil
	}
	return err
}

// RenameContainer implements engine.Containers. A taken name wraps
// engine.ErrConflict and names its holder.
func (e *Engine) RenameContainer(ctx context.Context, c engine.Ref, name string) error {
	if c.ID == "" && c.Name == name {
		return nil
	}
	verb := fmt.Sprintf("rename %s to %s", c.Name, name)
	err := e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error {
		return d.ContainerRename(ctx, c.Key(), name)
	})
	if err == nil || strings.Contains(err.Error(), "same name as its current name") {
		return nil
	}
	if !errors.Is(err, engine.ErrConflict) && !dropped(err) {
		return err
	}
	holder, lookErr := e.inspect(ctx, engine.Ref{Name: name})
	if lookErr != nil {
		return err
	}
	if c.ID != "" && holder.ID == c.ID { // done already, or the answer was lost
		return nil
	}
	return &callError{verb, "the name is taken by " + describe(holder), engine.ErrConflict, err}
}

// RemoveContainer implements engine.Containers. If somebody else's removal
// is under way it waits for that to end. The engine removes only anonymous
// volumes that it made for this container; those that were inherited from its
// predecessors are removed after it.
func (e *Engine) RemoveContainer(ctx context.Context, c engine.Ref, volumes bool) error {
	var inherited []string
	if volumes {
		seen, err := e.inspect(ctx, c)
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if seen.Config != nil && seen.Config.Labels[project.LabelInherit] != "" {
			inherited = strings.Split(seen.Config.Labels[project.LabelInherit], ",")
		}
	}
	err := e.do(ctx, long(), doing("remove", c), func(ctx context.Context, d *client.Client) error {
		err := d.ContainerRemove(ctx, c.Key(), container.RemoveOptions{Force: true, RemoveVolumes: volumes})
		if cerrdefs.IsConflict(err) && strings.Contains(err.Error(), "already in progress") {
			return awaitRemoval(ctx, d, c)
		}
		return err
	})
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return err
	}
	for _, name := range inherited {
		// In use means that a successor has it now.
		if err := e.RemoveVolume(ctx, name); err != nil && !errors.Is(err, engine.ErrConflict) {
			return fmt.Errorf("remove %s: %w", c.Name, err)
		}
	}
	return nil
}

func awaitRemoval(ctx context.Context, d *client.Client, c engine.Ref) error {
	gone, failed := d.ContainerWait(ctx, c.Key(), container.WaitConditionRemoved)
	select {
	case answer := <-gone:
		if answer.Error != nil {
			return errors.New(answer.Error.Message)
		}
		return nil
	case err := <-failed:
		return err
	}
}

// SetRestartPolicy implements engine.Containers.
func (e *Engine) SetRestartPolicy(ctx context.Context, c engine.Ref, policy string) error {
	verb := fmt.Sprintf("set restart policy %s on %s", policy, c.Name)
	p, err := request.RestartPolicy(policy)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error {
		_, err := d.ContainerUpdate(ctx, c.Key(), container.UpdateConfig{RestartPolicy: p})
		return err
	})
}
