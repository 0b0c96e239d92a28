package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	timetypes "github.com/docker/docker/api/types/time"
	"github.com/docker/docker/api/types/versions"

	"github.com/musterdev/muster/convergence"
)

// maxLine is the longest line handed over in one piece; a longer one comes in
// pieces that are marked partial, so that memory stays bounded.
const maxLine = 256 << 10

// Logs implements convergence.Containers. Whether the output is framed depends
// on the container having a terminal: engines below API 1.42 do not say so in
// their answer, so that they are asked before.
func (e *Engine) Logs(ctx context.Context, c convergence.Ref, opt convergence.LogOptions, emit func(convergence.LogLine) error) error {
	verb := doing("read logs of", c)
	d, err := e.connected(ctx)
	if err != nil {
		return err
	}
	tty := false
	if versions.LessThan(d.ClientVersion(), "1.42") {
		inspected, err := e.inspect(ctx, c)
		if err != nil {
			return err
		}
		tty = inspected.Config != nil && inspected.Config.Tty
	}
	query, err := logQuery(opt)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	resp, err := e.send(ctx, http.MethodGet, versioned(d, "/containers/"+url.PathEscape(c.Key())+"/logs"), query, nil, nil)
	if err != nil {
		return e.fail(ctx, verb, err)
	}
	defer resp.Body.Close()
	if tty || resp.Header.Get("Content-Type") == "application/vnd.docker.raw-stream" && !versions.LessThan(d.ClientVersion(), "1.42") {
		err = rawLines(resp.Body, opt.Timestamps, emit)
	} else {
		err = framedLines(resp.Body, opt.Timestamps, emit)
	}
	if stop := (*emitError)(nil); errors.As(err, &stop) {
		return stop.err
	}
	return e.fail(ctx, verb, err)
}

func logQuery(opt convergence.LogOptions) (url.Values, error) {
	query := url.Values{"stdout": {"1"}, "stderr": {"1"}, "tail": {"all"}}
	if opt.Tail >= 0 {
		query.Set("tail", strconv.Itoa(opt.Tail))
	}
	if opt.Follow {
		query.Set("follow", "1")
	}
	if opt.Timestamps {
		query.Set("timestamps", "1")
	}
	now := time.Now()
	for _, bound := range []struct{ name, value string }{{"since", opt.Since}, {"until", opt.Until}} {
		if bound.value == "" {
			continue
		}
		at, err := timetypes.GetTimestamp(bound.value, now)
		if err != nil {
			return nil, fmt.Errorf("%s %q is neither a time nor a duration: %w", bound.name, bound.value, err)
		}
		query.Set(bound.name, at)
	}
	return query, nil
}

// emitError is an error of the receiver, handed back as it is.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

// lines puts the pieces of one stream together.
type lines struct {
	stderr  bool
	stamped bool // lines begin with the engine's time
	emit    func(convergence.LogLine) error
	buf     []byte
	within  bool      // the line goes on from a piece that was handed over
	at      time.Time // its time
}

// begin tells the time of the next piece, which is the line's if it is the first.
func (l *lines) begin(at time.Time) {
	if len(l.buf) == 0 && !l.within {
		l.at = at
	}
}

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
		l.at, text = stamp(text)
	}
	l.within = partial
	if !partial {
		text = bytes.TrimSuffix(text, []byte{'\r'})
	}
	if err := l.emit(convergence.LogLine{Stderr: l.stderr, Time: l.at, Text: text, Partial: partial}); err != nil {
		return &emitError{err}
	}
	return nil
}

// stamp takes the engine's time off the beginning of a line.
func stamp(text []byte) (time.Time, []byte) {
	word, rest, found := bytes.Cut(text, []byte{' '})
	if !found {
		return time.Time{}, text
	}
	at, err := time.Parse(time.RFC3339Nano, string(word))
	if err != nil {
		return time.Time{}, text
	}
	return at, rest
}

// framedLines reads the output of a container without a terminal. Two streams
// may be within a line at once. The engine keeps long lines in pieces of 16 KiB,
// sends each in a frame of its own, and stamps each: the time is a frame's.
func framedLines(r io.Reader, stamped bool, emit func(convergence.LogLine) error) error {
	out := &lines{emit: emit}
	errs := &lines{stderr: true, emit: emit}
	frames := newFrames(bufio.NewReaderSize(r, 32<<10))
	buf := make([]byte, 32<<10)
	for {
		stream, err := frames.next()
		if err == io.EOF {
			return errors.Join(out.end(), errs.end())
		}
		if err != nil {
			return errors.Join(out.end(), errs.end(), err)
		}
		to := out
		if stream == streamStderr {
			to = errs
		}
		if stamped {
			at, rest, err := frameStamp(frames)
			if err != nil {
				return errors.Join(out.end(), errs.end(), err)
			}
			to.begin(at)
			if err := to.write(rest); err != nil {
				return err
			}
		}
		if err := pour(frames, buf, to); err != nil {
			return err
		}
	}
}

// frameStamp reads the time at the beginning of a frame. What was read and is
// none comes back.
func frameStamp(frames *frames) (time.Time, []byte, error) {
	word := make([]byte, 0, 48)
	for len(word) < cap(word) {
		n, err := frames.Read(word[len(word) : len(word)+1])
		word = word[:len(word)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return time.Time{}, nil, err
		}
		if n > 0 && word[len(word)-1] == ' ' {
			break
		}
	}
	at, rest := stamp(word)
	return at, rest, nil
}

// rawLines reads the output of a terminal.
func rawLines(r io.Reader, stamped bool, emit func(convergence.LogLine) error) error {
	l := &lines{stamped: stamped, emit: emit}
	err := pour(r, make([]byte, 32<<10), l)
	return errors.Join(err, l.end())
}

func pour(r io.Reader, buf []byte, to *lines) error {
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := to.write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
