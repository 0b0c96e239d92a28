package hostfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// ReadNamed reads what a person names on the command line, where also a pipe is
// meant: standard input by its path, or the <(command) of a shell. It reads at most
// limit bytes, and no longer than ctx lives, whose cause is the error then.
func ReadNamed(ctx context.Context, path string, limit int64) ([]byte, error) {
	b, err := Read(path, limit)
	if !IsStream(err) {
		return b, err
	}
	b, err = unlessEnded(ctx, func() ([]byte, error) {
		f, err := os.Open(path) // of a pipe, this waits for somebody to write to it
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAll(f, limit)
	})
	if err != nil && ctx.Err() == nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: Reason(err)}
	}
	return b, err
}

// IsStream reports whether a file was refused for being a pipe, a socket or a
// device, of which ReadNamed reads what comes.
func IsStream(err error) bool {
	var kind *KindError
	return errors.As(err, &kind) && !kind.Mode.IsDir()
}

// ReadStream reads a stream as ReadNamed does.
func ReadStream(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	return unlessEnded(ctx, func() ([]byte, error) { return readAll(r, limit) })
}

// unlessEnded waits for what read returns, or for the end of ctx. A read that is
// not waited for any longer goes on until its writer ends or the process does:
// nothing else ends one.
func unlessEnded(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := read()
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return r.b, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
