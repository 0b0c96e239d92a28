package memengine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

// mount makes the container's mounts: what the service declares, what other
// containers lend, what a predecessor leaves, and the image's own volumes.
func (e *core) mount(c *container, spec engine.CreateSpec, image *Image) error {
	inherit := map[string]string{}
	for _, v := range spec.Inherit {
		if !v.IfImageVolume || slices.Contains(image.Volumes, v.Target) {
			inherit[v.Target] = v.Volume
		}
	}
	for _, v := range spec.Service.Spec.Volumes {
		m := engine.Mount{Type: v.Type, Target: v.Target, ReadOnly: v.ReadOnly}
		anonymous := false
		switch {
		case v.Type != types.VolumeTypeVolume:
			m.Source = v.Source
		case v.Source != "":
			m.Name = v.Source
			if declared := spec.Project.Volume(v.Source); declared != nil {
				m.Name = declared.Name
			}
			e.ensureVolume(m.Name, false)
		default:
			anonymous = true
			m.Name = cmp.Or(inherit[v.Target], e.newID("volume"))
			e.ensureVolume(m.Name, true)
		}
		c.mounts = append(c.mounts, mount{m, anonymous})
	}
	for _, f := range spec.Service.Spec.Secrets {
		e.mountFile(c, spec, types.FileReferenceConfig(f), true)
	}
	for _, f := range spec.Service.Spec.Configs {
		e.mountFile(c, spec, types.FileReferenceConfig(f), false)
	}
	if err := e.borrow(c, spec); err != nil {
		return err
	}
	for _, target := range c.imageVols {
		if !c.mounted(target) {
			name := cmp.Or(inherit[target], e.newID("volume"))
			e.ensureVolume(name, true)
			c.mounts = append(c.mounts, mount{engine.Mount{Type: "volume", Name: name, Target: target}, true})
		}
	}
	return nil
}

func (c *container) mounted(target string) bool {
	return slices.ContainsFunc(c.mounts, func(m mount) bool { return m.Target == target })
}

// mountFile mounts a secret or config that is a host file.
func (e *core) mountFile(c *container, spec engine.CreateSpec, ref types.FileReferenceConfig, secret bool) {
	files, target := spec.Project.Configs, "/"+ref.Source
	if secret {
		files, target = spec.Project.Secrets, "/run/secrets/"+ref.Source
	}
	if ref.Target != "" {
		target = ref.Target
	}
	for _, f := range files {
		if f.Key == ref.Source && f.Path != "" && !c.mounted(target) {
			c.mounts = append(c.mounts, mount{engine.Mount{Type: "bind", Source: f.Path, Target: target, ReadOnly: true}, false})
		}
	}
}

// borrow mounts what volumes_from names.
func (e *core) borrow(c *container, spec engine.CreateSpec) error {
	for _, from := range spec.Service.Spec.VolumesFrom {
		key, mode, _ := strings.Cut(strings.TrimPrefix(from, types.ContainerPrefix), ":")
		if !strings.HasPrefix(from, types.ContainerPrefix) {
			key = spec.Refs[key].Key()
		}
		lender, err := e.find(key)
		if err != nil {
			return fmt.Errorf("volumes_from %s: %w", from, err)
		}
		for _, m := range lender.mounts {
			if !c.mounted(m.Target) {
				m.ReadOnly = m.ReadOnly || mode == "ro"
				c.mounts = append(c.mounts, mount{m.Mount, false})
			}
		}
	}
	return nil
}
