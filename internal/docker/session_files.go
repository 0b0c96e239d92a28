package docker

import (
	"context"
	"io"
	"os"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// CopyFrom implements engine.Inside.
func (e *Engine) CopyFrom(ctx context.Context, c engine.Ref, path string) (io.ReadCloser, engine.PathStat, error) {
	type answer struct {
		io.ReadCloser
		stat container.PathStat
	}
	a, err := call(ctx, e, long(), doing("copy "+path+" from", c), func(ctx context.Context, d *client.Client) (answer, error) {
		body, stat, err := d.CopyFromContainer(ctx, c.Key(), path)
		return answer{body, stat}, err
	})
	return a.ReadCloser, pathStat(a.stat), err
}

// CopyArchive implements engine.Inside.
func (e *Engine) CopyArchive(ctx context.Context, c engine.Ref, folder string, archive io.Reader, ownership bool) error {
	return e.do(ctx, long(), doing("copy into "+folder+" of", c), func(ctx context.Context, d *client.Client) error {
		content := body(ctx, archive)
		defer content.Close()
		return d.CopyToContainer(ctx, c.Key(), folder, content, container.CopyToContainerOptions{CopyUIDGID: ownership})
	})
}

// StatPath implements engine.Inside.
func (e *Engine) StatPath(ctx context.Context, c engine.Ref, path string) (engine.PathStat, error) {
	s, err := call(ctx, e, read(), doing("look at "+path+" of", c), func(ctx context.Context, d *client.Client) (container.PathStat, error) {
		return d.ContainerStatPath(ctx, c.Key(), path)
	})
	return pathStat(s), err
}

func pathStat(s container.PathStat) engine.PathStat {
	out := engine.PathStat{Name: s.Name, Folder: s.Mode.IsDir(), Mode: uint32(s.Mode.Perm()), Modified: s.Mtime}
	if s.Mode&os.ModeSymlink != 0 {
		out.LinkTarget = s.LinkTarget
	}
	return out
}

// ExportContainer implements engine.Inside.
func (e *Engine) ExportContainer(ctx context.Context, c engine.Ref, w io.Writer) error {
	return e.do(ctx, long(), doing("export", c), func(ctx context.Context, d *client.Client) error {
		body, err := d.ContainerExport(ctx, c.Key())
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.Copy(w, body)
		return err
	})
}

// PruneImages implements engine.Images.
func (e *Engine) PruneImages(ctx context.Context, name string) error {
	return e.do(ctx, long(), "remove unused images of "+name, func(ctx context.Context, d *client.Client) error {
		_, err := d.ImagesPrune(ctx, filters.NewArgs(filters.Arg("dangling", "true"), filters.Arg("label", project.LabelProject+"="+name)))
		return err
	})
}

// CommitContainer implements engine.Inside.
func (e *Engine) CommitContainer(ctx context.Context, c engine.Ref, opt engine.CommitOptions) (string, error) {
	made, err := call(ctx, e, long(), doing("commit", c), func(ctx context.Context, d *client.Client) (container.CommitResponse, error) {
		return d.ContainerCommit(ctx, c.Key(), container.CommitOptions{
			Reference: opt.Reference, Author: opt.Author, Comment: opt.Message, Changes: opt.Changes, Pause: opt.Pause,
		})
	})
	return made.ID, err
}
