package ui

import (
	"io"
	"sync"
)

// spoolLimit is how many bytes wait before whoever writes more has to wait too.
const spoolLimit = 1 << 20

// Spool collects what is written to several writers and writes it in the same
// order, in batches: the faster it comes, the larger they are. A batch is
// written inside around, so that a live view is not disturbed.
//
// Errors of the writers end the spool: Err tells the first one, and later
// writes answer it.
type Spool struct {
	around func(func())

	mu      sync.Mutex
	pending []chunk
	size    int
	err     error
	closed  bool
	wake    chan struct{}
	room    sync.Cond
	done    chan struct{}
}

type chunk struct {
	w    io.Writer
	data []byte
}

// NewSpool starts a spool. Close it to write what is left.
func NewSpool(around func(func())) *Spool {
	s := &Spool{around: around, wake: make(chan struct{}, 1), done: make(chan struct{})}
	s.room.L = &s.mu
	go s.run()
	return s
}

// Writer returns a writer that goes through the spool.
func (s *Spool) Writer(w io.Writer) io.Writer { return &spoolWriter{s, w} }

type spoolWriter struct {
	spool *Spool
	w     io.Writer
}

func (w *spoolWriter) Write(p []byte) (int, error) { return w.spool.add(w.w, p) }

func (s *Spool) add(w io.Writer, p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.size > spoolLimit && s.err == nil {
		s.room.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	if n := len(s.pending); n > 0 && s.pending[n-1].w == w {
		s.pending[n-1].data = append(s.pending[n-1].data, p...)
	} else {
		s.pending = append(s.pending, chunk{w, append([]byte(nil), p...)})
	}
	s.size += len(p)
	s.signal()
	return len(p), nil
}

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Spool) run() {
	defer close(s.done)
	for range s.wake {
		s.mu.Lock()
		batch, closed := s.pending, s.closed
		s.pending, s.size = nil, 0
		s.room.Broadcast()
		s.mu.Unlock()
		if len(batch) > 0 {
			s.write(batch)
		}
		if closed {
			return
		}
	}
}

func (s *Spool) write(batch []chunk) {
	s.around(func() {
		for _, c := range batch {
			if _, err := c.w.Write(c.data); err != nil {
				s.mu.Lock()
				s.err = err
				s.room.Broadcast()
				s.mu.Unlock()
				return
			}
		}
	})
}

// Close writes what is left and ends the spool.
func (s *Spool) Close() error {
	s.mu.Lock()
	s.closed = true
	s.signal()
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
