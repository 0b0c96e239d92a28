package memengine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// entry is one line of a container's log.
type entry struct {
	at      time.Time
	stderr  bool
	text    string
	partial bool // no newline yet
}

// log appends output to the container's log.
func (c *container) log(stderr bool, text string) {
	for text != "" {
		line, rest, whole := strings.Cut(text, "\n")
		text = rest
		if i := c.openLine(stderr); i >= 0 {
			c.logs[i].text += line
			c.logs[i].partial = !whole
			continue
		}
		c.cutLine(stderr)
		c.logs = append(c.logs, entry{at: time.Now(), stderr: stderr, text: line, partial: !whole})
	}
	c.engine.touch()
}

// cutLine ends the line that an earlier run left without its newline.
func (c *container) cutLine(stderr bool) {
	for i := len(c.logs) - 1; i >= 0; i-- {
		if c.logs[i].stderr == stderr {
			c.logs[i].partial = false
			return
		}
	}
}

// lastWords are written down, as by a real engine, once the process is gone: a
// line without its newline bears a time after the container's end.
func (c *container) lastWords() {
	for _, stderr := range []bool{false, true} {
		if i := c.openLine(stderr); i >= 0 {
			c.logs[i].at = c.engine.stamp()
		}
	}
}

// openLine is the index of this run's line that still lacks its newline, or -1.
func (c *container) openLine(stderr bool) int {
	for i := len(c.logs) - 1; i >= 0 && !c.logs[i].at.Before(c.startedAt); i-- {
		if c.logs[i].stderr == stderr {
			if c.logs[i].partial {
				return i
			}
			return -1
		}
	}
	return -1
}

// Logs implements engine.Containers.
func (e *Engine) Logs(ctx context.Context, ref engine.Ref, opt engine.LogOptions, emit func(engine.LogLine) error) error {
	return e.call(ctx, Call{Method: "Logs", Target: e.nameOf(ref)}, func() error {
		since, err := logTime(opt.Since)
		if err != nil {
			return err
		}
		until, err := logTime(opt.Until)
		if err != nil {
			return err
		}
		return e.follow(ctx, ref, opt, since, until, emit)
	})
}

func (e *core) follow(ctx context.Context, ref engine.Ref, opt engine.LogOptions, since, until time.Time, emit func(engine.LogLine) error) error {
	next, run := -1, 0
	for {
		e.mu.Lock()
		c, err := e.find(ref.Key())
		if err != nil {
			e.mu.Unlock()
			if next >= 0 {
				return nil // removed while it was followed
			}
			return err
		}
		if c.logDriver == "none" {
			e.mu.Unlock()
			return fmt.Errorf("configured logging driver does not support reading: %w", engine.ErrUnsupported)
		}
		if next < 0 {
			run = c.starts
		}
		more := opt.Follow && c.alive() && c.starts == run // it ends with the process
		lines := c.logs
		if c.starts != run {
			lines = lines[:c.runLogs[run]]
		}
		if more { // a line is whole when its newline or the end comes
			for len(lines) > 0 && lines[len(lines)-1].partial {
				lines = lines[:len(lines)-1]
			}
		}
		if next < 0 {
			lines, next = tail(lines, opt.Tail, since), len(lines)
		} else {
			lines, next = lines[min(next, len(lines)):], len(lines)
		}
		lines = append([]entry(nil), lines...)
		changed := e.changed
		e.mu.Unlock()
		for _, l := range lines {
			if l.at.Before(since) || !until.IsZero() && l.at.After(until) {
				continue
			}
			if err := emit(l.line(opt.Timestamps)); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		select {
		case <-changed:
		case <-e.end:
			return errClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tail are the last n lines that are not older than since.
func tail(lines []entry, n int, since time.Time) []entry {
	for len(lines) > 0 && lines[0].at.Before(since) {
		lines = lines[1:]
	}
	if n >= 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return lines
}

func (l entry) line(timestamps bool) engine.LogLine {
	line := engine.LogLine{Stderr: l.stderr, Text: []byte(l.text), Partial: l.partial}
	if timestamps {
		line.Time = l.at
	}
	return line
}

// logTime reads a time as the engine's clients take it: RFC 3339, a duration
// back from now, or Unix seconds.
func logTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return time.Now().Add(-d), nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return time.Unix(0, int64(f*float64(time.Second))), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}
