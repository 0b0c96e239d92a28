package request

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/musterdev/muster/project"
)

// fileUse is a config or secret where the service wants it.
type fileUse struct {
	key    string // secrets[0]
	file   *project.File
	target string // absolute
}

// fileUses are the configs and secrets of the service, in file order.
func (t Translation) fileUses() ([]fileUse, error) {
	var uses []fileUse
	add := func(section string, i int, source, target string, files []*project.File, base string) error {
		key := fmt.Sprintf("%s[%d]", section, i)
		n := slices.IndexFunc(files, func(f *project.File) bool { return f.Key == source })
		if n < 0 {
			return t.invalid(key, fmt.Errorf("%q is not declared", source))
		}
		if files[n].External {
			return t.invalid(key, fmt.Errorf("%q is external: external configs and secrets need Swarm", source))
		}
		if target == "" {
			target = source
		}
		if !path.IsAbs(target) {
			target = path.Join(base, target)
		}
		uses = append(uses, fileUse{key, files[n], target})
		return nil
	}
	for i, c := range t.spec.Configs {
		if err := add("configs", i, c.Source, c.Target, t.in.Project.Configs, "/"); err != nil {
			return nil, err
		}
	}
	for i, c := range t.spec.Secrets {
		if err := add("secrets", i, c.Source, c.Target, t.in.Project.Secrets, "/run/secrets"); err != nil {
			return nil, err
		}
	}
	return uses, nil
}

// files mounts configs and secrets that are files of the host, read-only. The
// others are copied in before each start, which needs a place that takes them:
// where the container's own file system is read-only or hidden by a tmpfs,
// their folder becomes an anonymous volume. Nothing smaller works: an engine
// mounts a tmpfs only while the container runs, and refuses copies into a
// read-only file system everywhere but in volumes.
func (t Translation) files(h *container.HostConfig, taken map[string]bool) error {
	uses, err := t.fileUses()
	if err != nil {
		return err
	}
	var folders []string
	if t.spec.UseAPISocket && t.shielded(SocketConfig+"/config.json", h) {
		folders = append(folders, SocketConfig)
	}
	for _, u := range uses {
		if taken[u.target] {
			continue
		}
		if u.file.Path != "" {
			taken[u.target] = true
			h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeBind, Source: u.file.Path, Target: u.target, ReadOnly: true})
			continue
		}
		if !t.shielded(u.target, h) {
			continue
		}
		folder := path.Dir(u.target)
		if folder == "/" {
			return t.invalid(u.key, fmt.Errorf("cannot write %s in a container with a read-only root file system: use a target in a directory, or a file of the host", u.target))
		}
		folders = append(folders, folder)
	}
	for _, folder := range unique(folders) {
		if t.volumeAt(folder) {
			continue
		}
		if taken[folder] {
			return t.invalid("tmpfs", fmt.Errorf("%s hides the configs and secrets below it: mount it elsewhere, or use another target for them", folder))
		}
		taken[folder] = true
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Target: folder})
	}
	return nil
}

// volumeAt reports whether the service mounts a volume that takes copies.
func (t Translation) volumeAt(folder string) bool {
	return slices.ContainsFunc(t.spec.Volumes, func(v types.ServiceVolumeConfig) bool {
		return path.Clean(v.Target) == folder && !v.ReadOnly && (v.Type == types.VolumeTypeVolume || v.Type == types.VolumeTypeBind)
	})
}

// shielded reports whether a copy to the target would be refused or hidden.
func (t Translation) shielded(target string, h *container.HostConfig) bool {
	if t.spec.ReadOnly {
		return true
	}
	within := func(folder string) bool { return strings.HasPrefix(target, path.Clean(folder)+"/") }
	for folder := range h.Tmpfs {
		if within(folder) {
			return true
		}
	}
	return slices.ContainsFunc(h.Mounts, func(m mount.Mount) bool { return m.Type == mount.TypeTmpfs && within(m.Target) })
}
