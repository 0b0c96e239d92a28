package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/musterdev/muster/engine"
)

// SyncEngine is what a sync asks of an engine.
type SyncEngine interface {
	CopyArchive(ctx context.Context, c engine.Ref, folder string, archive io.Reader, ownership bool) error
	CopyFrom(ctx context.Context, c engine.Ref, path string) (io.ReadCloser, engine.PathStat, error)
	StatPath(ctx context.Context, c engine.Ref, path string) (engine.PathStat, error)
	Exec(ctx context.Context, c engine.Ref, spec engine.ExecSpec) (engine.ExecResult, error)
}

// maxArguments is how many bytes of paths one command is given: systems bound them.
const maxArguments = 64 << 10

// Sync brings the files into a container: one archive for all that exist, and a
// command for all that do not.
func Sync(ctx context.Context, e SyncEngine, c engine.Ref, running bool, files []File) error {
	var there []File
	var gone []string
	for _, f := range files {
		switch _, err := os.Lstat(f.Host); {
		case missing(err):
			gone = append(gone, f.Container)
		case err != nil:
			return fmt.Errorf("sync to %s: %w", c.Name, err)
		default:
			there = append(there, f)
		}
	}
	if running {
		if err := remove(ctx, e, c, outermost(gone)); err != nil {
			return err
		}
	}
	if len(there) == 0 {
		return nil
	}
	err := send(ctx, e, c, there)
	if err == nil || ctx.Err() != nil {
		return err
	}
	fitting, changed, cannot := fit(ctx, e, c, running, there)
	if cannot != nil {
		return errors.Join(err, cannot)
	}
	if !changed {
		return err
	}
	return send(ctx, e, c, fitting)
}

func send(ctx context.Context, e SyncEngine, c engine.Ref, files []File) error {
	content := pack(files)
	err := e.CopyArchive(ctx, c, "/", content, false)
	return errors.Join(err, content.unread())
}

// fit makes room for files that the engine does not copy over what is there. A
// folder does not replace a link to a folder: its content goes where the link
// leads. What became a folder, or a file, on the host becomes one in the container.
func fit(ctx context.Context, e SyncEngine, c engine.Ref, running bool, files []File) (fitting []File, changed bool, err error) {
	var other []string
	for _, f := range files {
		here, err := os.Lstat(f.Host)
		if err != nil {
			continue
		}
		inside, err := e.StatPath(ctx, c, f.Container)
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return nil, false, err
		}
		switch {
		case err != nil:
		case here.IsDir() && inside.LinkTarget != "":
			changed = true
			continue
		case here.IsDir() != inside.Folder:
			other = append(other, f.Container)
		}
		fitting = append(fitting, f)
	}
	if len(other) > 0 && running {
		changed = true
		err = remove(ctx, e, c, outermost(other))
	}
	return fitting, changed, err
}

// outermost are the paths that lie in none of the others. Paths are sorted.
func outermost(paths []string) []string {
	var out []string
	top := map[string]bool{}
	for _, p := range paths {
		top[p] = true
	}
	for _, p := range paths {
		covered := false
		for folder := path.Dir(p); !covered && folder != path.Dir(folder); folder = path.Dir(folder) {
			covered = top[folder]
		}
		if !covered {
			out = append(out, p)
		}
	}
	return out
}

// remove deletes what was deleted on the host, by the container's own rm.
func remove(ctx context.Context, e SyncEngine, c engine.Ref, gone []string) error {
	for len(gone) > 0 {
		n, size := 0, 0
		for n < len(gone) && (n == 0 || size+len(gone[n]) <= maxArguments) {
			size += len(gone[n]) + 1
			n++
		}
		result, err := e.Exec(ctx, c, engine.ExecSpec{Command: append([]string{"rm", "-rf", "--"}, gone[:n]...), User: "0"})
		if err == nil && result.ExitCode != 0 {
			err = fmt.Errorf("rm exited with code %d: %s", result.ExitCode, strings.TrimSpace(result.Output))
		}
		if err != nil {
			return fmt.Errorf("remove files in %s: %w", c.Name, err)
		}
		gone = gone[n:]
	}
	return nil
}
