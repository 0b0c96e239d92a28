package memengine

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// usualFolders are the folders that every container has.
func usualFolders() []string {
	return []string{"/", "/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/var"}
}

// tree are the files and folders at and under a path, by their path relative to
// it; the path itself is ".".
func (c *container) tree(name string) map[string]*file {
	name = path.Clean("/" + name)
	found := map[string]*file{}
	folder := slices.Contains(usualFolders(), name)
	add := func(files map[string]*file, at string) {
		for p, f := range files {
			switch whole := path.Join("/", at, p); {
			case whole == name:
				found["."] = f
			case strings.HasPrefix(whole, strings.TrimSuffix(name, "/")+"/"):
				found[strings.TrimPrefix(strings.TrimPrefix(whole, name), "/")] = f
			}
		}
	}
	add(c.files, "/")
	for _, m := range c.mounts {
		target := path.Clean(m.Target)
		folder = folder || target == name || strings.HasPrefix(target, strings.TrimSuffix(name, "/")+"/")
		if v := c.engine.volumes[m.Name]; m.Name != "" && v != nil {
			add(v.files, target)
		}
	}
	if found["."] == nil && (folder || len(found) > 0) {
		found["."] = &file{folder: true, mode: 0o755}
	}
	return found
}

// StatPath implements engine.Inside.
func (e *Engine) StatPath(ctx context.Context, ref engine.Ref, name string) (engine.PathStat, error) {
	var stat engine.PathStat
	err := e.on(ctx, "StatPath", ref, name, func(c *container) error {
		f := c.tree(name)["."]
		if f == nil {
			return fmt.Errorf("could not find the file %s in container %s: %w", name, c.name, engine.ErrNotFound)
		}
		stat = f.stat(name)
		return nil
	})
	return stat, err
}

func (f *file) stat(name string) engine.PathStat {
	return engine.PathStat{Name: path.Base(name), Folder: f.folder, Mode: f.mode}
}

// CopyFrom implements engine.Inside.
func (e *Engine) CopyFrom(ctx context.Context, ref engine.Ref, name string) (io.ReadCloser, engine.PathStat, error) {
	var stat engine.PathStat
	var b bytes.Buffer
	err := e.on(ctx, "CopyFrom", ref, name, func(c *container) error {
		tree := c.tree(name)
		if tree["."] == nil {
			return fmt.Errorf("could not find the file %s in container %s: %w", name, c.name, engine.ErrNotFound)
		}
		stat = tree["."].stat(name)
		root := path.Base(name)
		if strings.HasSuffix(name, "/.") { // its content, not itself
			root = "."
		}
		return pack(&b, root, tree)
	})
	return io.NopCloser(&b), stat, err
}

// pack writes a tar archive of a tree whose top is called root.
func pack(to io.Writer, root string, tree map[string]*file) error {
	w := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		f := tree[name]
		h := &tar.Header{
			Name: path.Join(root, name), Mode: int64(f.mode), Size: int64(len(f.content)), Typeflag: tar.TypeReg,
			Uid: f.uid, Gid: f.gid, ModTime: time.Unix(1700000000, 0),
		}
		if f.folder {
			h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := w.Write(f.content); err != nil {
			return err
		}
	}
	return w.Close()
}

// CopyArchive implements engine.Inside.
func (e *Engine) CopyArchive(ctx context.Context, ref engine.Ref, folder string, archive io.Reader, ownership bool) error {
	type member struct {
		name string
		file *file
	}
	var members []member
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("copy into %s: %w", folder, err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("copy into %s: %w", folder, err)
		}
		f := &file{content: content, mode: uint32(h.Mode), folder: h.Typeflag == tar.TypeDir}
		if ownership {
			f.uid, f.gid = h.Uid, h.Gid
		}
		members = append(members, member{path.Join(folder, h.Name), f})
	}
	return e.on(ctx, "CopyArchive", ref, folder, func(c *container) error {
		if f := c.tree(folder)["."]; f == nil || !f.folder {
			return fmt.Errorf("could not find the file %s in container %s: %w", folder, c.name, engine.ErrNotFound)
		}
		for _, m := range members {
			if old := c.tree(m.name)["."]; m.file.folder && old != nil && old.folder {
				continue
			}
			if err := c.store(m.name, m.file); err != nil {
				return fmt.Errorf("copy into %s: %w", c.name, err)
			}
		}
		return nil
	})
}

// ExportContainer implements engine.Inside: without volumes.
func (e *Engine) ExportContainer(ctx context.Context, ref engine.Ref, w io.Writer) error {
	var b bytes.Buffer
	err := e.on(ctx, "ExportContainer", ref, "", func(c *container) error {
		tree := map[string]*file{}
		for name, f := range c.files {
			tree[strings.TrimPrefix(name, "/")] = f
		}
		return pack(&b, "", tree)
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, &b)
	return err
}

// CommitContainer implements engine.Inside: an image with the
// container's configuration, but not its files.
func (e *Engine) CommitContainer(ctx context.Context, ref engine.Ref, opt engine.CommitOptions) (string, error) {
	id := ""
	err := e.on(ctx, "CommitContainer", ref, opt.Reference, func(c *container) error {
		id = "sha256:" + e.newID("image")
		m := Image{Ref: cmp.Or(opt.Reference, id), ID: id, Command: c.command, Env: c.env, Labels: maps.Clone(c.labels), Created: time.Now()}
		for _, change := range opt.Changes {
			if err := m.change(change); err != nil {
				return err
			}
		}
		e.tag(m)
		return nil
	})
	return id, err
}

// change applies a Dockerfile instruction, of those that are of use here.
func (m *Image) change(instruction string) error {
	verb, rest, _ := strings.Cut(instruction, " ")
	switch strings.ToUpper(verb) {
	case "ENV":
		m.Env = append(slices.Clone(m.Env), rest)
	case "CMD":
		m.Command = strings.Fields(rest)
	case "LABEL":
		k, v, _ := strings.Cut(rest, "=")
		m.Labels[k] = v
	default:
		return fmt.Errorf("unknown instruction: %s", strings.ToUpper(verb))
	}
	return nil
}

// PruneImages implements engine.Images: builds here replace
// images, so that none is left without a name.
func (e *Engine) PruneImages(ctx context.Context, name string) error {
	return e.call(ctx, Call{Method: "PruneImages", Target: name}, func() error { return nil })
}

// ResolveDigest implements engine.Images.
func (e *Engine) ResolveDigest(ctx context.Context, ref engine.ImageRef) (string, error) {
	id := ""
	err := e.call(ctx, Call{Method: "ResolveDigest", Target: ref.Ref}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		m := e.registry[published(ref.Ref, ref.Platform)]
		if m == nil {
			return fmt.Errorf("resolve %s: manifest unknown: %w", ref.Ref, engine.ErrNotFound)
		}
		id = m.ID
		return nil
	})
	return id, err
}

// PushImage implements engine.Images.
func (e *Engine) PushImage(ctx context.Context, ref engine.ImageRef, _ func(engine.Progress)) error {
	return e.call(ctx, Call{Method: "PushImage", Target: ref.Ref}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		m := e.images[normal(ref.Ref)]
		if m == nil {
			return fmt.Errorf("push %s: an image does not exist locally with the tag: %w", ref.Ref, engine.ErrNotFound)
		}
		e.registry[published(ref.Ref, m.Platform)] = m
		return nil
	})
}

// built reports whether the image was built for the project.
func (m *Image) built(name string) bool { return m.Labels[project.LabelProject] == name }
