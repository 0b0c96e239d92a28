package build

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/project"
)

// contexts are the named ones: folders, other services' images, images, addresses.
func (r *request) contexts(spec engine.BuildSpec, b *types.BuildConfig) error {
	for _, name := range slices.Sorted(maps.Keys(b.AdditionalContexts)) {
		value := b.AdditionalContexts[name]
		service, ofService := strings.CutPrefix(value, types.ServicePrefix)
		switch {
		case ofService:
			s := spec.Project.Declared(service)
			if s == nil {
				return fmt.Errorf("additional_contexts.%s: no such service: %s", name, service)
			}
			r.attrs["context:"+name] = "docker-image://" + s.Image
			r.built = append(r.built, s.Image)
		case strings.HasPrefix(value, "docker-image://") || remote(value):
			r.attrs["context:"+name] = value
		case strings.Contains(value, "://"):
			return fmt.Errorf("additional_contexts.%s: %q is neither a directory nor docker-image://, service: or a URL", name, value)
		default:
			dir := absolute(spec.Project.Dir, value)
			if err := isFolder(dir); err != nil {
				return fmt.Errorf("additional_contexts.%s: %w", name, err)
			}
			if err := checkIgnoreFile(filepath.Join(dir, ".dockerignore")); err != nil {
				return fmt.Errorf("additional_contexts.%s: %w", name, err)
			}
			r.locals[name] = dir
			r.attrs["context:"+name] = "local:" + name
		}
	}
	r.bases(spec)
	return nil
}

// bases are the images of other services that the Dockerfile names. As contexts
// they are never pulled.
func (r *request) bases(spec engine.BuildSpec) {
	for _, name := range spec.Service.BuildsOn {
		base := spec.Project.Declared(name)
		if base == nil || slices.Contains(r.built, base.Image) {
			continue
		}
		if named, err := reference.ParseNormalizedNamed(base.Image); err == nil {
			key := strings.TrimSuffix(reference.FamiliarString(reference.TagNameOnly(named)), ":latest")
			r.attrs["context:"+key] = "docker-image://" + base.Image
			r.built = append(r.built, base.Image)
		}
	}
}

func (r *request) caches(spec engine.BuildSpec, b *types.BuildConfig) error {
	var errs []error
	read := func(key string, values []string) []client.CacheOptionsEntry {
		var entries []client.CacheOptionsEntry
		for _, value := range values {
			e, err := cacheEntry(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", key, err))
				continue
			}
			for _, folder := range []string{"src", "dest"} {
				if path := e.Attrs[folder]; e.Type == "local" && path != "" {
					e.Attrs[folder] = absolute(spec.Project.Dir, path)
				}
			}
			if e.Type == "local" && key == "cache_from" && !isFile(filepath.Join(e.Attrs["src"], "index.json")) {
				continue // not written yet: there is nothing to read from it
			}
			entries = append(entries, e)
		}
		return entries
	}
	r.cacheFrom, r.cacheTo = read("cache_from", b.CacheFrom), read("cache_to", b.CacheTo)
	return errors.Join(errs...)
}

// cacheEntry reads type=T,key=value,…; an image reference alone is a registry cache.
func cacheEntry(value string) (client.CacheOptionsEntry, error) {
	if !strings.Contains(value, "=") {
		return client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": value}}, nil
	}
	e := client.CacheOptionsEntry{Attrs: map[string]string{}}
	for part := range strings.SplitSeq(value, ",") {
		k, v, found := strings.Cut(part, "=")
		if !found {
			return e, fmt.Errorf("%q: %q is not key=value", value, part)
		}
		if k == "type" {
			e.Type = v
		} else {
			e.Attrs[k] = v
		}
	}
	if e.Type == "" {
		return e, fmt.Errorf("%q names no type", value)
	}
	return e, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// secretFiles are the secrets that steps may mount.
func (r *request) secretFiles(spec engine.BuildSpec, b *types.BuildConfig) error {
	for _, ref := range b.Secrets {
		i := slices.IndexFunc(spec.Project.Secrets, func(f *project.File) bool { return f.Key == ref.Source })
		if i < 0 {
			return fmt.Errorf("secrets: %s is not defined", ref.Source)
		}
		f := spec.Project.Secrets[i]
		content := f.Content
		switch {
		case f.External:
			return fmt.Errorf("secrets: %s is external, and a build cannot read it", ref.Source)
		case f.Missing:
			return fmt.Errorf("secrets: %s: the variable %s is not set", ref.Source, f.Variable)
		case f.Path != "":
			var err error
			if content, err = hostfile.Read(absolute(spec.Project.Dir, f.Path), maxSecret); err != nil {
				return fmt.Errorf("secrets: %s: %w", ref.Source, err)
			}
		}
		if len(content) > maxSecret {
			return fmt.Errorf("secrets: %s is larger than %d KiB", ref.Source, maxSecret>>10)
		}
		r.secrets[cmp.Or(filepath.Base(cmp.Or(ref.Target, ref.Source)), ref.Source)] = content
	}
	return nil
}

func (r *request) agents(spec engine.BuildSpec, b *types.BuildConfig) error {
	keys := slices.Clone(b.SSH)
	for _, s := range spec.SSH {
		id, path, _ := strings.Cut(s, "=")
		keys = append(keys, types.SSHKey{ID: id, Path: path})
	}
	for _, k := range keys {
		agent := sshprovider.AgentConfig{ID: k.ID}
		for path := range strings.SplitSeq(k.Path, ",") {
			if path == "" {
				continue
			}
			path = absolute(spec.Project.Dir, path)
			if err := isKeyOrSocket(path); err != nil {
				return fmt.Errorf("ssh.%s: %w", k.ID, err)
			}
			agent.Paths = append(agent.Paths, path)
		}
		r.ssh = append(r.ssh, agent)
	}
	return nil
}

// isKeyOrSocket refuses what is neither a key nor the socket of an agent.
func isKeyOrSocket(path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		return nil
	}
	return hostfile.Check(path)
}

func (r *request) limits(_ engine.BuildSpec, b *types.BuildConfig) error {
	if b.ShmSize > 0 {
		r.attrs["shm-size"] = strconv.FormatInt(int64(b.ShmSize), 10)
	}
	var limits []string
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		u := b.Ulimits[name]
		soft, hard := u.Soft, u.Hard
		if u.Single != 0 {
			soft, hard = u.Single, u.Single
		}
		limits = append(limits, fmt.Sprintf("%s=%d:%d", name, soft, hard))
	}
	if len(limits) > 0 {
		r.attrs["ulimit"] = strings.Join(limits, ",")
	}
	if b.Isolation != "" && b.Isolation != "default" {
		return fmt.Errorf("isolation %q: not supported by BuildKit", b.Isolation)
	}
	return nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func isFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", dir)
	}
	return err
}

// remote reports whether the engine fetches the context itself.
func remote(context string) bool {
	return slices.ContainsFunc([]string{"http://", "https://", "git://", "ssh://", "git@", "github.com/"}, func(prefix string) bool {
		return strings.HasPrefix(context, prefix)
	})
}

// unique drops repetitions and keeps the order.
func unique(all []string) []string {
	var out []string
	for _, s := range all {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
