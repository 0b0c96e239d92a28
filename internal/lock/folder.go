package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is where lock files may lie.
type Folder struct {
	Path string
	// Shared says that every user of the machine can write to it, and nobody can
	// take away what another one put there. Any other folder is its user's alone,
	// and is made if it is not there.
	Shared bool
}

// prefix begins the name of every file in a folder.
const prefix = "muster-"

// name is the part of file names that stands for the engine and the project.
func (o Options) name() string {
	sum := sha256.Sum256([]byte(address(o.Engine) + "\x00" + o.Project))
	return prefix + hex.EncodeToString(sum[:16])
}

// address is an engine's address without what may differ between callers that
// mean the same: a socket is where links lead to.
func address(engine string) string {
	path, local := strings.CutPrefix(engine, "unix://")
	if !local {
		return engine
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return "unix://" + real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil { // the engine is down
		return "unix://" + filepath.Join(dir, filepath.Base(path))
	}
	return engine
}

func (o Options) kind() string {
	if o.Kind == "" {
		return "op"
	}
	return o.Kind
}

// unusableError says that a folder cannot hold lock files, so that the next one
// is tried.
type unusableError struct{ cause error }

func (e *unusableError) Error() string { return e.cause.Error() }
func (e *unusableError) Unwrap() error { return e.cause }

// open opens the lock's file in the first folder that can hold it.
func open(opt Options) (*Lock, error) {
	nowhere := &NoPlaceError{}
	for _, f := range opt.Folders {
		path := filepath.Join(f.Path, opt.name()+"."+opt.kind())
		err := f.prepare()
		if err == nil {
			var file *os.File
			if file, err = openFile(path, f.Shared); err == nil {
				return &Lock{file: file, path: path, folder: f}, nil
			}
		}
		var unusable *unusableError
		if !errors.As(err, &unusable) {
			return nil, err
		}
		nowhere.Causes = append(nowhere.Causes, err)
	}
	return nil, nowhere
}

// usable returns the first of the folders that exists or can be made.
func usable(folders []Folder) (Folder, error) {
	nowhere := &NoPlaceError{}
	for _, f := range folders {
		err := f.prepare()
		if err == nil {
			return f, nil
		}
		nowhere.Causes = append(nowhere.Causes, err)
	}
	return Folder{}, nowhere
}

// sweep takes away what nobody holds: lock files and sockets of runs that were
// killed. A lock that is taken at this moment counts as held.
func sweep(f Folder) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return
	}
	for _, e := range entries {
		kind := filepath.Ext(e.Name())
		info, err := e.Info()
		if !strings.HasPrefix(e.Name(), prefix) || kind == "" || err != nil || !ours(info) {
			continue
		}
		path := filepath.Join(f.Path, e.Name())
		switch {
		case kind == socketKind:
			if e.Type()&os.ModeSocket != 0 && !heldAt(supervisedBy(path)) {
				_ = os.Remove(path) // the next run tries again
			}
		case kind == notesKind:
			if time.Since(info.ModTime()) > notesAge {
				_ = os.Remove(path) // the next run tries again
			}
		case e.Type().IsRegular():
			f.sweepLock(path)
		}
	}
}

func (f Folder) sweepLock(path string) {
	file, err := openThere(path)
	if err != nil {
		return
	}
	l := &Lock{file: file, path: path, folder: f}
	if lockNow(file) == nil && l.stands() {
		_ = l.discard() // the next run tries again
		return
	}
	_ = file.Close()
}
