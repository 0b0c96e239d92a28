package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// CopyTo implements engine.Inside with one archive, or with one per
// folder if the container's own file system is read-only: then only volumes
// take files.
func (e *Engine) CopyTo(ctx context.Context, c engine.Ref, files []engine.FileContent) error {
	if len(files) == 0 {
		return nil
	}
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b engine.FileContent) int { return cmp.Compare(a.Path, b.Path) })
	err := e.copyInto(ctx, c, "/", files)
	if err == nil || !strings.Contains(err.Error(), "read-only") {
		return err
	}
	folders := map[string][]engine.FileContent{}
	var order []string
	for _, f := range files {
		dir := path.Dir(f.Path)
		if folders[dir] == nil {
			order = append(order, dir)
		}
		folders[dir] = append(folders[dir], f)
	}
	for _, dir := range order {
		if err := e.copyInto(ctx, c, dir, folders[dir]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) copyInto(ctx context.Context, c engine.Ref, dir string, files []engine.FileContent) error {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Path
	}
	verb := fmt.Sprintf("copy %s into %s", strings.Join(names, ", "), c.Name)
	archive, err := archiveOf(dir, files)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error {
		return d.CopyToContainer(ctx, c.Key(), dir, bytes.NewReader(archive), container.CopyToContainerOptions{CopyUIDGID: false})
	})
}

// archiveOf is a tar archive of the files, named relative to dir. Folders are
// left to the engine, so that existing ones keep their modes.
func archiveOf(dir string, files []engine.FileContent) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		name := strings.TrimPrefix(strings.TrimPrefix(path.Clean(f.Path), dir), "/")
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: name, Size: int64(len(f.Content)),
			Mode: int64(f.Mode), Uid: f.UID, Gid: f.GID,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
