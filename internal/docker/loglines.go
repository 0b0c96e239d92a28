package docker

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/musterdev/muster/engine"
)

// maxLine is the longest line handed over in one piece; a longer one comes in
// pieces that are marked partial, so that memory stays bounded.
const maxLine = 256 << 10

// logReader turns an engine's output into lines.
type logReader struct {
	stamped bool // the output bears the engine's times
	timed   bool // the receiver wants them
	emit    func(engine.LogLine) error
	last    [2]piece // of standard output and error
	// rest reads a log again that was followed: what was handed over, up to the
	// last piece of each stream, is not new.
	rest   bool
	handed [2]piece
}

// again makes the reader hand over only what it has not handed over yet.
func (l *logReader) again() { l.rest, l.handed = true, l.last }

// old reports whether a piece was handed over before the log is read again.
func (l *logReader) old(stream int, stamp string) bool {
	switch before := &l.handed[stream]; {
	case !l.rest:
		return false
	case stamp < before.stamp:
		return true
	case stamp == before.stamp && before.same > 0:
		before.same--
		return true
	}
	return stamp < l.handed[1-stream].stamp && l.handed[stream].stamp == ""
}

// from is the time from which on there may be more than was handed over; zero
// if nothing was.
func (l *logReader) from() time.Time {
	out, errs := parseTime(l.last[0].stamp), parseTime(l.last[1].stamp)
	if errs.IsZero() || !out.IsZero() && out.Before(errs) {
		return out
	}
	return errs
}

// behind reports whether the end of the log, as another reader found it, is not
// what this one handed over last.
func (l *logReader) behind(end *logReader) bool {
	for n, last := range l.last {
		found := end.last[n]
		if last.stamp == "" {
			last = piece{stamp: l.last[1-n].stamp}
		}
		if found.same > 0 && (found.stamp > last.stamp || found.stamp == last.stamp && (found.size != last.size || found.open != last.open)) {
			return true
		}
	}
	return false
}

// piece is the identity of a frame that was handed over.
type piece struct {
	stamp string
	size  uint32
	open  bool // it ended without a newline
	same  int  // pieces of that very time, this one included
}

// next is the piece that comes after this one.
func (p piece) next(stamp string, size uint32, open bool) piece {
	now := piece{stamp: stamp, size: size, open: open, same: 1}
	if p.stamp == stamp {
		now.same += p.same
	}
	return now
}

// pieceUnit divides the size of every piece but the last of a long line: Docker
// cuts lines after 16 KiB, Podman after 8.
const pieceUnit = 4 << 10

// final reports whether the line ended with the piece although no newline said
// so, if the stream goes on at that time: a container that was started again
// begins a line of its own, whatever the last run left.
func (p piece) final(next string) bool {
	return p.open && p.size > 0 && (p.stamp != next || next == "" && p.size%pieceUnit != 0)
}

// emitError is an error of the receiver, handed back as it is.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

// framed reads the output of a container without a terminal. Two streams may be
// within a line at once. The engine keeps long lines in pieces of 16 KiB, sends
// each in a frame of its own, and stamps each with the time of the line.
func (l *logReader) framed(r io.Reader) error {
	streams := [2]*lines{{emit: l.emit}, {emit: l.emit, stderr: true}}
	frames := newFrames(r)
	buf := make([]byte, 32<<10)
	for {
		stream, err := frames.next()
		if err == nil {
			n := 0
			if stream == streamStderr {
				n = 1
			}
			err = l.frame(frames, buf, streams[n], n)
		}
		if stop := (*emitError)(nil); errors.As(err, &stop) {
			return err
		}
		if err != nil { // what came before is handed over in any case
			return errors.Join(streams[0].end(), streams[1].end(), noEnd(err))
		}
	}
}

func (l *logReader) frame(frames *frames, buf []byte, to *lines, stream int) error {
	var stamp string
	last := &l.last[stream]
	before := *last
	if l.stamped {
		var err error
		if stamp, err = frames.stamp(); err != nil {
			return err
		}
	}
	if l.old(stream, stamp) {
		return nil
	}
	if before.final(stamp) {
		if err := to.cut(); err != nil {
			return err
		}
	}
	if l.timed {
		to.begin(stamp)
	}
	size := frames.left
	ended, err := pour(frames, buf, to)
	*last = before.next(stamp, size, !ended)
	return err
}

// raw reads the output of a terminal.
func (l *logReader) raw(r io.Reader) error {
	to := &lines{stamped: l.timed, terminal: true, emit: l.emit}
	if l.timed {
		to.emit = l.terminal
	}
	if l.rest && !l.timed {
		text, err := io.ReadAll(io.LimitReader(r, maxLine))
		if err != nil || l.last[0].open {
			return err
		}
		to.line(text[bytes.LastIndexByte(text, '\n')+1:])
		return to.end()
	}
	ended, err := pour(r, make([]byte, 32<<10), to)
	l.last[0].open = !ended
	return errors.Join(err, to.end())
}

// terminal hands over a line of a terminal that bears a time.
func (l *logReader) terminal(line engine.LogLine) error {
	stamp := line.Time.UTC().Format(stampLayout)
	if l.old(0, stamp) {
		return nil
	}
	l.last[0] = l.last[0].next(stamp, uint32(len(line.Text)), line.Partial)
	return l.emit(line)
}

// stampLayout makes times comparable as text.
const stampLayout = "2006-01-02T15:04:05.000000000Z07:00"

// noEnd takes the end of the output for what it is: no error.
func noEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// pour writes until the end of r and reports whether the last byte was a newline.
func pour(r io.Reader, buf []byte, to *lines) (ended bool, err error) {
	ended = true
	for {
		n, err := r.Read(buf)
		if n > 0 {
			ended = buf[n-1] == '\n'
			if err := to.write(buf[:n]); err != nil {
				return ended, err
			}
		}
		if err != nil {
			return ended, noEnd(err)
		}
	}
}

// lines puts the pieces of one stream together.
type lines struct {
	stderr   bool
	stamped  bool // lines begin with the engine's time
	terminal bool // lines end with a carriage return too
	emit     func(engine.LogLine) error
	buf      []byte
	within   bool      // the line goes on from a piece that was handed over
	at       time.Time // its time
}

// begin tells the time of the next piece, which is the line's if it is the first.
func (l *lines) begin(stamp string) {
	if len(l.buf) == 0 && !l.within {
		l.at = parseTime(stamp)
	}
}

// line puts the beginning of a line aside.
func (l *lines) line(text []byte) { l.buf = append(l.buf, text...) }

// write takes a piece of output, which ends anywhere.
func (l *lines) write(p []byte) error {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.buf = append(l.buf, p...)
			if len(l.buf) >= maxLine {
				return l.flush(true)
			}
			return nil
		}
		if len(l.buf) == 0 { // the common case copies nothing
			if err := l.hand(p[:i], false); err != nil {
				return err
			}
		} else {
			l.buf = append(l.buf, p[:i]...)
			if err := l.flush(false); err != nil {
				return err
			}
		}
		p = p[i+1:]
	}
	return nil
}

// cut ends a line that no newline will end any more.
func (l *lines) cut() error {
	if len(l.buf) == 0 && !l.within {
		return nil
	}
	return l.flush(false)
}

// end hands over a last line that has no newline.
func (l *lines) end() error {
	if len(l.buf) == 0 {
		return nil
	}
	return l.flush(true)
}

func (l *lines) flush(partial bool) error {
	err := l.hand(l.buf, partial)
	l.buf = l.buf[:0]
	return err
}

func (l *lines) hand(text []byte, partial bool) error {
	if l.stamped && !l.within {
		l.at, text = cutStamp(text)
	}
	l.within = partial
	if l.terminal && !partial {
		text = bytes.TrimSuffix(text, []byte{'\r'})
	}
	if err := l.emit(engine.LogLine{Stderr: l.stderr, Time: l.at, Text: text, Partial: partial}); err != nil {
		return &emitError{err}
	}
	return nil
}

// cutStamp takes the engine's time off the beginning of a line.
func cutStamp(text []byte) (time.Time, []byte) {
	word, rest, found := bytes.Cut(text, []byte{' '})
	if !found || len(word) > maxStamp {
		return time.Time{}, text
	}
	at, err := time.Parse(time.RFC3339Nano, string(word))
	if err != nil {
		return time.Time{}, text
	}
	return at, rest
}
