package hostfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes what a person names on the command line. A regular file appears
// with mode 0600 once it is complete, also where a link leads to it; into a pipe or a
// device, /dev/stdout and /dev/null among them, it is written as it comes, for as
// long as ctx lives. Errors say what was to be written.
func Write(ctx context.Context, name string, write func(io.Writer) error) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && (info.IsDir() || info.Mode()&fs.ModeSocket != 0):
		return fmt.Errorf("write %s: %w", name, &KindError{info.Mode()})
	case err == nil && !info.Mode().IsRegular():
		return writeStream(ctx, name, write)
	}
	target, err := throughLinks(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, Reason(err))
	}
	f, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, Reason(err)) // the temporary name says nothing
	}
	err = cmp.Or(write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return err
}

// mostLinks is how many links lead to a file at most; Linux follows as many.
const mostLinks = 40

// throughLinks is where the links end that begin at name, if they do: there need
// not be a file yet.
func throughLinks(name string) (string, error) {
	for range mostLinks {
		to, err := os.Readlink(name)
		if err != nil {
			return name, nil // no link: what is wrong with it, if anything, its writer finds
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(name), to)
		}
		name = to
	}
	return "", errors.New("too many levels of symbolic links")
}

// writeStream writes to a pipe or a device. A pipe that nobody reads is waited for.
func writeStream(ctx context.Context, name string, write func(io.Writer) error) error {
	_, err := unlessEnded(ctx, func() ([]byte, error) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, Reason(err))
		}
		return nil, cmp.Or(write(f), f.Close())
	})
	return err
}
