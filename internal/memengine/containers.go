package memengine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// ListContainers implements engine.Containers.
func (e *Engine) ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error) {
	var o engine.Observed
	err := e.call(ctx, Call{Method: "ListContainers", Target: f.Project}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, c := range e.sorted() {
			if f.Project != "" && c.labels[project.LabelProject] != f.Project {
				continue
			}
			listed := c.observed()
			if f.Size {
				for _, file := range c.files {
					listed.SizeRw += int64(len(file.content))
				}
			}
			o.Containers = append(o.Containers, listed)
		}
		return nil
	})
	o.Sort()
	return o.Containers, err
}

// InspectContainer implements engine.Containers.
func (e *Engine) InspectContainer(ctx context.Context, ref engine.Ref) (engine.Inspection, error) {
	var i engine.Inspection
	err := e.on(ctx, "InspectContainer", ref, "", func(c *container) error {
		i = c.inspected()
		return nil
	})
	return i, err
}

// RenameContainer implements engine.Containers.
func (e *Engine) RenameContainer(ctx context.Context, ref engine.Ref, name string) error {
	return e.on(ctx, "RenameContainer", ref, name, func(c *container) error {
		if c.name == name {
			return nil
		}
		if !validName.MatchString(name) {
			return fmt.Errorf("invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
		}
		if err := e.nameFree(name); err != nil {
			return err
		}
		old := c.name
		c.name = name
		e.emit(c, "rename", func(ev *engine.Event) { ev.Attributes["oldName"] = "/" + old })
		e.touch()
		return nil
	})
}

// SetRestartPolicy implements engine.Containers. It touches only decisions
// yet to come: a restart that is pending still happens.
func (e *Engine) SetRestartPolicy(ctx context.Context, ref engine.Ref, policy string) error {
	return e.on(ctx, "SetRestartPolicy", ref, policy, func(c *container) error {
		valid, err := checkPolicy(policy)
		if err != nil {
			return err
		}
		if c.autoRemove && valid != "no" {
			return fmt.Errorf("restart policy cannot be updated because AutoRemove is enabled: %w", engine.ErrConflict)
		}
		c.policy = valid
		e.emit(c, "update", nil)
		e.touch()
		return nil
	})
}

// RemoveContainer implements engine.Containers.
func (e *Engine) RemoveContainer(ctx context.Context, ref engine.Ref, volumes bool) error {
	detail := ""
	if volumes {
		detail = "volumes"
	}
	return e.call(ctx, Call{Method: "RemoveContainer", Target: e.nameOf(ref), Detail: detail}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.find(ref.Key())
		if err != nil {
			return nil // gone is what was asked for
		}
		e.remove(c, volumes)
		return nil
	})
}

// remove removes the container, by force if it runs.
func (e *core) remove(c *container, volumes bool) {
	if c.manager != nil {
		c.manager.cancel()
	}
	if c.alive() {
		c.manual = true
		e.announceKill(c, "KILL")
		if c.state == engine.Paused {
			c.state = engine.Running
		}
		auto := c.autoRemove
		c.autoRemove = false // or its exit would remove it as well
		c.process.Exit(128 + 9)
		c.autoRemove = auto
	}
	c.endProcess()
	c.stopTimers()
	delete(e.containers, c.id)
	if volumes {
		for _, m := range c.mounts {
			if v := e.volumes[m.Name]; m.anonymous && v != nil && v.anonymous && e.volumeUser(m.Name) == nil {
				delete(e.volumes, m.Name)
			}
		}
	}
	c.state = engine.Removing
	e.emit(c, "destroy", nil)
	e.touch()
}
