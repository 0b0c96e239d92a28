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

	"github.com/musterdev/muster/engine"
)

// maxCompared is how much of a container's folder is read, beyond twice the size
// of the files that are compared with it, before the rest is copied unseen: the
// folder may hold a database or a tree of packages beside them.
const maxCompared = 64 << 20

// Initial lists what a rule with initial_sync has on the host: files and empty
// folders. Whatever is excluded is not in it.
func Initial(r Rule) ([]File, error) {
	var files []File
	if !r.Initial || !r.syncs() {
		return nil, nil
	}
	root := r.Path
	if info, err := os.Stat(root); err == nil && info.IsDir() {
		root += string(filepath.Separator) // a link in its place is followed
	}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		p = filepath.Clean(p)
		switch {
		case missing(err), errors.Is(err, fs.ErrPermission): // whoever watches warns of it
			return nil
		case err != nil:
			return err
		case d.IsDir() && r.skipsFolder(p):
			return filepath.SkipDir
		case d.IsDir():
			if entries, err := os.ReadDir(p); err != nil || len(entries) > 0 || p == r.Path {
				return nil
			}
		}
		if r.matches(p) {
			files = append(files, File{p, r.containerPath(p)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.Path, err)
	}
	return files, nil
}

// Outdated are those of the rule's files that a container has otherwise, or not
// at all, whatever their age: as they are compared, so they are afterwards.
func Outdated(ctx context.Context, e SyncEngine, c engine.Ref, r Rule, files []File) ([]File, error) {
	if len(files) == 0 || len(files) == 1 && files[0].Container == r.Target {
		return files, nil
	}
	content, _, err := e.CopyFrom(ctx, c, path.Join(r.Target, "/")+"/.")
	if err != nil {
		return files, ctx.Err() // there is nothing, or no folder: the copy tells what is wrong
	}
	defer content.Close()
	byName := map[string]int{}
	budget := int64(maxCompared)
	for i, f := range files {
		byName[strings.TrimPrefix(strings.TrimPrefix(f.Container, path.Clean(r.Target)), "/")] = i
		if info, err := os.Lstat(f.Host); err == nil && info.Mode().IsRegular() {
			budget += 2 * info.Size()
		}
	}
	same := make([]bool, len(files))
	for entries := tar.NewReader(content); budget > 0; {
		header, err := entries.Next()
		if err != nil {
			break // the end, or no more to compare
		}
		budget -= header.Size
		if i, known := byName[path.Clean(header.Name)]; known {
			same[i] = equal(files[i].Host, header, entries)
		}
	}
	var out []File
	for i, f := range files {
		if !same[i] {
			out = append(out, f)
		}
	}
	return out, ctx.Err()
}

// equal reports whether a host's file is what an archive has.
func equal(host string, header *tar.Header, content io.Reader) bool {
	info, err := os.Lstat(host)
	if err != nil {
		return false
	}
	inside := header.FileInfo().Mode()
	switch {
	case info.Mode().Type() != inside.Type():
		return false
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(host)
		return err == nil && filepath.ToSlash(link) == header.Linkname
	case info.IsDir():
		return true
	case info.Mode().Perm() != inside.Perm(), info.Size() != header.Size:
		return false
	}
	file, _, err := openRegular(host)
	if err != nil || file == nil {
		return false
	}
	defer file.Close()
	return sameBytes(file, content)
}

func sameBytes(a, b io.Reader) bool {
	left, right := make([]byte, 32<<10), make([]byte, 32<<10)
	for {
		n, err := io.ReadFull(a, left)
		m, other := io.ReadFull(b, right)
		if n != m || !bytes.Equal(left[:n], right[:m]) {
			return false
		}
		if err != nil || other != nil {
			return ended(err) && ended(other)
		}
	}
}

// ended reports whether a read met the end.
func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
