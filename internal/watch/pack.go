package watch

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/musterdev/muster/internal/hostfile"
)

// packed is an archive that is written as it is read.
type packed struct {
	io.ReadCloser
	done    chan struct{}
	skipped []error // files that could not be read; known once done is closed
}

// pack archives the files: those that are gone by then are left out, and those
// that cannot be read do not keep the others back. Closing ends it.
func pack(files []File) *packed {
	r, w := io.Pipe()
	p := &packed{ReadCloser: r, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		archive := tar.NewWriter(w)
		for _, f := range files {
			err := packFile(archive, f)
			switch {
			case errors.Is(err, fs.ErrPermission):
				p.skipped = append(p.skipped, err)
			case err != nil && !missing(err):
				_ = w.CloseWithError(err) // cannot fail
				return
			}
		}
		_ = w.CloseWithError(archive.Close()) // nil is the end
	}()
	return p
}

// unread are the errors of files that could not be read.
func (p *packed) unread() error {
	_ = p.Close() // ends it if nobody read on
	<-p.done
	return errors.Join(p.skipped...)
}

// packFile adds one file. What is neither file, folder nor link has no content.
func packFile(archive *tar.Writer, f File) error {
	info, err := os.Lstat(f.Host)
	if err != nil {
		return err
	}
	switch {
	case info.Mode().IsRegular():
		return packContent(archive, f)
	case info.IsDir():
		return packHeader(archive, f, info, "")
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(f.Host)
		if err != nil {
			return err
		}
		return packHeader(archive, f, info, link)
	}
	return nil
}

func packHeader(archive *tar.Writer, f File, info fs.FileInfo, link string) error {
	header, err := tar.FileInfoHeader(info, filepath.ToSlash(link))
	if err != nil {
		return err
	}
	header.Name = strings.TrimPrefix(path.Clean(f.Container), "/")
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	return archive.WriteHeader(header)
}

// packContent adds a regular file of the size that it has now. What is written
// to it meanwhile is a change of its own.
func packContent(archive *tar.Writer, f File) error {
	file, info, err := openRegular(f.Host)
	if err != nil || file == nil {
		return err
	}
	defer file.Close()
	if err := packHeader(archive, f, info, ""); err != nil {
		return err
	}
	n, err := io.CopyN(archive, file, info.Size())
	if err == io.EOF { // it became shorter
		_, err = io.CopyN(archive, zeros{}, info.Size()-n)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Host, err)
	}
	return nil
}

// openRegular opens a regular file; nil if the path is something else by now,
// which must not be waited for.
func openRegular(name string) (*os.File, fs.FileInfo, error) {
	file, err := hostfile.Open(name)
	if kind := (*hostfile.KindError)(nil); errors.As(err, &kind) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// zeros fills up what a file lost while it was read.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
