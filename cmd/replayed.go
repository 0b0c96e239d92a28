package cmd

import (
	"io"
	"sync"
)

// replayed is an input that several readers read from its beginning, one after
// the other: a Compose file from standard input is looked at for the project's
// name first, and perhaps for its services later.
type replayed struct {
	from io.Reader

	mu   sync.Mutex
	read []byte
}

// reader reads from the beginning; nil where there is no input.
func (r *replayed) reader() io.Reader {
	if r.from == nil {
		return nil
	}
	return &replayReader{of: r}
}

type replayReader struct {
	of *replayed
	at int
}

// Read implements io.Reader.
func (r *replayReader) Read(p []byte) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.at < len(r.of.read) {
		n := copy(p, r.of.read[r.at:])
		r.at += n
		return n, nil
	}
	n, err := r.of.from.Read(p)
	r.of.read = append(r.of.read, p[:n]...)
	r.at += n
	return n, err
}
