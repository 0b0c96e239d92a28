package request

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/musterdev/muster/engine"
)

// mounts translates volumes, configs, secrets and inherited anonymous volumes.
//
// Plain binds and named volumes go into Binds, which creates a missing host
// path on every engine; what Binds cannot say goes into Mounts.
func (t Translation) mounts(h *container.HostConfig) error {
	taken := map[string]bool{} // targets; the first claim wins
	for target := range h.Tmpfs {
		taken[path.Clean(target)] = true
	}
	inherited := map[string]string{}
	for _, v := range t.inherited() {
		inherited[path.Clean(v.Target)] = v.Volume
	}
	for i, v := range t.spec.Volumes {
		taken[path.Clean(v.Target)] = true
		if v.Type == types.VolumeTypeVolume && v.Source == "" && inherited[path.Clean(v.Target)] != "" {
			h.Mounts = append(h.Mounts, t.volumeMount(v, inherited[path.Clean(v.Target)]))
			continue
		}
		if err := t.mount(h, i, v); err != nil {
			return err
		}
	}
	if t.spec.UseAPISocket && !taken[apiSocket] {
		taken[apiSocket] = true
		h.Binds = append(h.Binds, apiSocket+":"+apiSocket)
	}
	if err := t.files(h, taken); err != nil {
		return err
	}
	for _, v := range t.inherited() {
		if target := path.Clean(v.Target); !taken[target] {
			taken[target] = true
			h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: v.Volume, Target: v.Target})
		}
	}
	return nil
}

// apiSocket is where use_api_socket puts the engine's socket.
const apiSocket = "/var/run/docker.sock"

// inherited are the predecessor's anonymous volumes that have a place in this
// container: where the service has an anonymous volume too, or nothing of its own.
func (t Translation) inherited() []engine.InheritedVolume {
	var kept []engine.InheritedVolume
	for _, v := range t.in.Inherit {
		if v.IfImageVolume && !t.imageVolume(v.Target) {
			continue
		}
		occupied := slices.ContainsFunc(t.spec.Volumes, func(own types.ServiceVolumeConfig) bool {
			return path.Clean(own.Target) == path.Clean(v.Target) && (own.Type != types.VolumeTypeVolume || own.Source != "")
		})
		if !occupied {
			kept = append(kept, v)
		}
	}
	return kept
}

func (t Translation) imageVolume(target string) bool {
	if t.Image == nil || t.Image.Config == nil {
		return false
	}
	for v := range t.Image.Config.Volumes {
		if path.Clean(v) == path.Clean(target) {
			return true
		}
	}
	return false
}

func (t Translation) mount(h *container.HostConfig, i int, v types.ServiceVolumeConfig) error {
	switch v.Type {
	case types.VolumeTypeBind:
		if bind, ok := bindString(v); ok {
			h.Binds = append(h.Binds, bind)
			return nil
		}
		h.Mounts = append(h.Mounts, t.bindMount(v))
	case types.VolumeTypeVolume:
		if v.Source == "" {
			h.Mounts = append(h.Mounts, t.volumeMount(v, ""))
			return nil
		}
		declared := t.in.Project.Volume(v.Source)
		if declared == nil {
			return t.invalid(fmt.Sprintf("volumes[%d]", i), fmt.Errorf("volume %s is not declared", v.Source))
		}
		if bind, ok := volumeString(v, declared.Name); ok {
			h.Binds = append(h.Binds, bind)
			return nil
		}
		if v.Volume != nil && v.Volume.Subpath != "" && !t.atLeast("1.45") {
			// Mounting the whole volume instead would show and change too much.
			return t.invalid(fmt.Sprintf("volumes[%d].volume.subpath", i), errors.New("needs an engine with API 1.45 (Docker Engine 26) or newer"))
		}
		h.Mounts = append(h.Mounts, t.volumeMount(v, declared.Name))
	case types.VolumeTypeTmpfs:
		m := mount.Mount{Type: mount.TypeTmpfs, Target: v.Target, ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency)}
		if v.Tmpfs != nil {
			m.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(v.Tmpfs.Size), Mode: os.FileMode(v.Tmpfs.Mode)}
		}
		h.Mounts = append(h.Mounts, m)
	case types.VolumeTypeImage:
		if !t.atLeast("1.48") {
			return t.invalid(fmt.Sprintf("volumes[%d].image", i), errors.New("mounting an image needs an engine with API 1.48 (Docker Engine 28) or newer"))
		}
		m := mount.Mount{Type: mount.TypeImage, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}
		if v.Image != nil {
			m.ImageOptions = &mount.ImageOptions{Subpath: v.Image.SubPath}
		}
		h.Mounts = append(h.Mounts, m)
	default: // npipe, cluster and what is still to come
		h.Mounts = append(h.Mounts, mount.Mount{
			Type: mount.Type(v.Type), Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency),
		})
	}
	return nil
}

// bindString is source:target[:options] if that says everything. Only this
// form can relabel for SELinux.
func bindString(v types.ServiceVolumeConfig) (string, bool) {
	if ambiguous(v.Source) || ambiguous(v.Target) {
		return "", false
	}
	options := []string{access(v.ReadOnly)}
	if v.Consistency != "" {
		options = append(options, v.Consistency)
	}
	if b := v.Bind; b != nil {
		if !b.CreateHostPath || b.Recursive != "" {
			return "", false
		}
		if b.SELinux != "" {
			options = append(options, b.SELinux)
		}
		if b.Propagation != "" {
			options = append(options, b.Propagation)
		}
	}
	return v.Source + ":" + v.Target + ":" + strings.Join(options, ","), true
}

func volumeString(v types.ServiceVolumeConfig, name string) (string, bool) {
	if ambiguous(v.Target) || v.Consistency != "" {
		return "", false
	}
	options := []string{access(v.ReadOnly)}
	if o := v.Volume; o != nil {
		if o.Subpath != "" || len(o.Labels) > 0 {
			return "", false
		}
		if o.NoCopy {
			options = append(options, "nocopy")
		}
	}
	if v.Bind != nil && v.Bind.SELinux != "" { // the short syntax's z and Z
		options = append(options, v.Bind.SELinux)
	}
	return name + ":" + v.Target + ":" + strings.Join(options, ","), true
}

func access(readOnly bool) string {
	if readOnly {
		return "ro"
	}
	return "rw"
}

// ambiguous reports whether a path holds a colon that would be taken for a
// separator; the one of a Windows drive is not.
func ambiguous(p string) bool {
	if len(p) > 2 && p[1] == ':' && (p[2] == '\\' || p[2] == '/') {
		p = p[2:]
	}
	return strings.Contains(p, ":")
}

func (t Translation) bindMount(v types.ServiceVolumeConfig) mount.Mount {
	m := mount.Mount{
		Type: mount.TypeBind, Source: v.Source, Target: v.Target,
		ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency),
	}
	b := v.Bind
	if b == nil { // the defaults
		b = &types.ServiceVolumeBind{CreateHostPath: true}
	}
	m.BindOptions = &mount.BindOptions{
		Propagation:      mount.Propagation(b.Propagation),
		CreateMountpoint: bool(b.CreateHostPath) && t.atLeast("1.42"),
	}
	switch b.Recursive {
	case "disabled":
		m.BindOptions.NonRecursive = true
	case "writable":
		m.BindOptions.ReadOnlyNonRecursive = t.atLeast("1.44")
	case "readonly":
		m.BindOptions.ReadOnlyForceRecursive = t.atLeast("1.44")
	}
	if *m.BindOptions == (mount.BindOptions{}) {
		m.BindOptions = nil
	}
	return m
}

// volumeMount mounts a volume by name, or a new anonymous one.
func (t Translation) volumeMount(v types.ServiceVolumeConfig, name string) mount.Mount {
	m := mount.Mount{
		Type: mount.TypeVolume, Source: name, Target: v.Target,
		ReadOnly: v.ReadOnly, Consistency: mount.Consistency(v.Consistency),
	}
	if o := v.Volume; o != nil {
		m.VolumeOptions = &mount.VolumeOptions{NoCopy: o.NoCopy, Labels: o.Labels, Subpath: o.Subpath}
		if !o.NoCopy && len(o.Labels) == 0 && o.Subpath == "" {
			m.VolumeOptions = nil
		}
	}
	return m
}
