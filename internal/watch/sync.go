package watch

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence"
)

// Container is what a sync asks of an engine.
type Container interface {
	CopyArchive(ctx context.Context, c convergence.Ref, folder string, archive io.Reader, ownership bool) error
	Exec(ctx context.Context, c convergence.Ref, spec convergence.ExecSpec) (convergence.ExecResult, error)
}

// Sync brings the files into a container: one archive for all that exist, one
// command for all that do not.
func Sync(ctx context.Context, e Container, c convergence.Ref, running bool, files []File) error {
	content, gone, err := pack(files)
	if err != nil {
		return fmt.Errorf("sync to %s: %w", c.Name, err)
	}
	if len(gone) > 0 && running {
		if err := remove(ctx, e, c, gone); err != nil {
			return err
		}
	}
	if content == nil {
		return nil
	}
	return e.CopyArchive(ctx, c, "/", content, false)
}

// remove deletes what was deleted on the host, by the container's own rm.
func remove(ctx context.Context, e Container, c convergence.Ref, gone []string) error {
	result, err := e.Exec(ctx, c, convergence.ExecSpec{Command: append([]string{"rm", "-rf", "--"}, gone...), User: "0"})
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("rm ended with code %d: %s", result.ExitCode, strings.TrimSpace(result.Output))
	}
	if err != nil {
		return fmt.Errorf("remove files in %s: %w", c.Name, err)
	}
	return nil
}

// pack archives the files that exist, and lists the container's paths of those
// that do not. A nil archive has nothing in it.
func pack(files []File) (content io.Reader, gone []string, err error) {
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	packed := 0
	for _, f := range files {
		err := packFile(archive, f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			gone = append(gone, f.Container)
		case err != nil:
			return nil, nil, err
		default:
			packed++
		}
	}
	if err := archive.Close(); err != nil {
		return nil, nil, err
	}
	if packed == 0 {
		return nil, gone, nil
	}
	return &b, gone, nil
}

func packFile(archive *tar.Writer, f File) error {
	info, err := os.Lstat(f.Host)
	if err != nil {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(f.Host); err != nil {
			return err
		}
	}
	if !info.Mode().IsRegular() && !info.IsDir() && link == "" {
		return nil // a socket or device has no content
	}
	header, err := tar.FileInfoHeader(info, filepath.ToSlash(link))
	if err != nil {
		return err
	}
	header.Name = strings.TrimPrefix(path.Clean(f.Container), "/")
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if !info.Mode().IsRegular() {
		return archive.WriteHeader(header)
	}
	content, err := os.ReadFile(f.Host) // whole: its size may change while it is read
	if err != nil {
		return err
	}
	header.Size = int64(len(content))
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = archive.Write(content)
	return err
}

// Newer lists the files of a rule with initial_sync that changed since the image
// was made.
func Newer(r Rule, since time.Time) ([]File, error) {
	var files []File
	if !r.Initial || !r.syncs() {
		return nil, nil
	}
	err := filepath.WalkDir(r.Path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if r.skipsFolder(p) {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(since) && r.Matches(p) {
			files = append(files, File{p, r.containerPath(p)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.Path, err)
	}
	return files, nil
}
