// Package hostfile opens files of this host that people name: in Compose files,
// in folders that are built or watched, on the command line. Such a name may stand
// for anything. A named pipe would be waited for without end, a device be read
// without end; so whatever is read goes through here, is a regular file or the null
// device, and is read up to a limit or as a stream. Only what the command line
// itself names may be a pipe (ReadNamed).
package hostfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// KindError says what stands where a regular file should.
type KindError struct{ Mode fs.FileMode }

func (e *KindError) Error() string {
	switch {
	case e.Mode.IsDir():
		return "is a directory"
	case e.Mode&fs.ModeNamedPipe != 0:
		return "not a regular file but a named pipe"
	case e.Mode&fs.ModeSocket != 0:
		return "not a regular file but a socket"
	case e.Mode&fs.ModeDevice != 0:
		return "not a regular file but a device"
	}
	return "not a regular file"
}

// SizeError says that a file is larger than the limit.
type SizeError struct{ Limit int64 }

func (e *SizeError) Error() string { return fmt.Sprintf("larger than %d bytes", e.Limit) }

// Open opens a regular file for reading, at once whatever stands there: what is
// none is not opened at all, and what took its place meanwhile not waited for.
// Errors are *fs.PathError, as os.Open has them, around a *KindError.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !readable(info) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: &KindError{info.Mode()}}
	}
	f, err := openNonblocking(path)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !readable(info) {
		err = &fs.PathError{Op: "open", Path: path, Err: &KindError{info.Mode()}}
	}
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, err
	}
	return f, nil
}

// readable reports whether reading the file ends by itself: it is a regular one, or
// the null device, by which people say that they want none.
func readable(info fs.FileInfo) bool {
	if info.Mode().IsRegular() {
		return true
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

// Read reads a regular file of at most limit bytes; a larger one is a *SizeError.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAll(f, limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: Reason(err)}
	}
	return b, nil
}

// readAll reads at most limit bytes; more are a *SizeError.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, &SizeError{limit}
	}
	return b, nil
}

// Check says whether Open would take the file.
func Check(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// Reason strips the operation and the path of a file error, for those who name
// the file themselves.
func Reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
