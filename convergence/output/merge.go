package output

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
)

// What is read ahead: programs write in bursts, and while the burst of one is
// merged the engine should go on with the others.
const (
	batchLines = 512
	batchBytes = 64 << 10
	readAhead  = 64 // batches of all containers together
)

// Logged is an engine that keeps what containers say.
type Logged interface {
	Logs(ctx context.Context, c engine.Ref, opt engine.LogOptions, emit func(engine.LogLine) error) error
}

// logBatch is a run of lines of one container, with their bytes in one piece.
type logBatch struct {
	lines []engine.LogLine
	bytes []byte
}

// Merge reads the containers' logs at the same time and emits their lines
// in the order of their time; lines of the same time in the order of the
// containers. Time goes backwards within one log if the log's does. Of several
// containers those whose logs the engine does not have, or not any more, are left
// out: unread has the reasons, in the order of the containers.
func Merge(ctx context.Context, e Logged, cs []engine.Container, read engine.LogOptions, emit func(i int, line engine.LogLine) error) (unread []error, err error) {
	if len(cs) == 1 {
		return nil, e.Logs(ctx, cs[0].Ref, read, func(l engine.LogLine) error { return emit(0, l) })
	}
	reasons := make([]error, len(cs))
	g, ctx := errgroup.WithContext(ctx)
	sources := make([]*logSource, len(cs))
	for i, c := range cs {
		src := &logSource{batches: make(chan logBatch, max(2, readAhead/len(cs))), index: i}
		sources[i] = src
		g.Go(func() error {
			defer close(src.batches)
			err := src.fill(ctx, e, c.Ref, read)
			if errors.Is(err, engine.ErrUnsupported) || errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrConflict) {
				reasons[i] = err
				return nil
			}
			return err
		})
	}
	g.Go(func() error { return mergeSources(ctx, sources, emit) })
	err = g.Wait()
	return slices.DeleteFunc(reasons, func(err error) bool { return err == nil }), err
}

// logSource is one log on its way: fill writes it, next reads it.
type logSource struct {
	batches chan logBatch
	index   int
	current []engine.LogLine
}

func (s *logSource) fill(ctx context.Context, e Logged, c engine.Ref, read engine.LogOptions) error {
	var b logBatch
	send := func() error {
		if len(b.lines) == 0 {
			return nil
		}
		select {
		case s.batches <- b:
			b = logBatch{lines: make([]engine.LogLine, 0, len(b.lines)), bytes: make([]byte, 0, batchBytes)}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := e.Logs(ctx, c, read, func(l engine.LogLine) error {
		if len(b.lines) >= batchLines || (len(b.bytes)+len(l.Text) > cap(b.bytes) && len(b.lines) > 0) {
			if err := send(); err != nil {
				return err
			}
		}
		from := len(b.bytes)
		b.bytes = append(b.bytes, l.Text...)
		l.Text = b.bytes[from:len(b.bytes):len(b.bytes)]
		b.lines = append(b.lines, l)
		return nil
	})
	if sendErr := send(); err == nil { // what came before an error was said
		err = sendErr
	}
	return err
}

// head is the next line, or false at the end of the log.
func (s *logSource) head() (engine.LogLine, bool) {
	for len(s.current) == 0 {
		b, ok := <-s.batches
		if !ok {
			return engine.LogLine{}, false
		}
		s.current = b.lines
	}
	return s.current[0], true
}

func (s *logSource) advance() { s.current = s.current[1:] }

func mergeSources(ctx context.Context, sources []*logSource, emit func(int, engine.LogLine) error) error {
	var h logHeap
	for _, s := range sources {
		if l, ok := s.head(); ok {
			h.push(logHead{l, s})
		}
	}
	for len(h) > 0 {
		s, limit := h[0].source, h.second()
		for { // the same log goes on while no other is earlier
			if err := emit(s.index, h[0].line); err != nil {
				return err
			}
			s.advance()
			l, ok := s.head()
			if !ok {
				h.pop()
				break
			}
			h[0].line = l
			if limit != nil && before(*limit, h[0]) {
				h.down(0)
				break
			}
		}
	}
	if err := ctx.Err(); err != nil { // a log that broke off looks like one that ended
		return context.Cause(ctx)
	}
	return nil
}

type logHead struct {
	line   engine.LogLine
	source *logSource
}

func before(a, b logHead) bool {
	if a.line.Time.Equal(b.line.Time) {
		return a.source.index < b.source.index
	}
	return a.line.Time.Before(b.line.Time)
}

// logHeap is a binary heap with the earliest line at its root.
type logHeap []logHead

func (h *logHeap) push(x logHead) {
	*h = append(*h, x)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !before(s[i], s[parent]) {
			return
		}
		s[i], s[parent] = s[parent], s[i]
		i = parent
	}
}

func (h *logHeap) pop() {
	s := *h
	last := len(s) - 1
	s[0] = s[last]
	*h = s[:last]
	h.down(0)
}

func (h logHeap) down(i int) {
	for {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < len(h) && before(h[child], h[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// second is a copy of the earliest head after the root, or nil.
func (h logHeap) second() *logHead {
	switch {
	case len(h) < 2:
		return nil
	case len(h) == 2 || before(h[1], h[2]):
		return &logHead{h[1].line, h[1].source}
	}
	return &logHead{h[2].line, h[2].source}
}
