package ui

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/musterdev/muster/engine"
)

// LogStyle says how log lines look.
type LogStyle struct {
	Project    string // whose containers: their names are shown without it
	Color      bool   // colour the prefixes
	NoPrefix   bool   // lines without their container's name
	Timestamps bool   // LogLine.Time before the text
	// Terminal says that the output is a terminal: escape sequences other than
	// colours are dropped, and every line keeps its prefix.
	Terminal bool
}

// timeLayout is the engine's: nanoseconds with their zeros, so that columns line up.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// Logs prints log lines of several containers, each with its container's name
// before it. It is safe for concurrent use.
//
// Without a terminal and without prefixes the output is the containers' bytes.
type Logs struct {
	mu       sync.Mutex
	style    LogStyle
	out, err io.Writer
	width    int
	sources  map[string]*source
	// open are the lines that were written without their newlines, of either
	// writer. On a terminal both are the same.
	open [2]openLine
	// unwritten is what of the open line was not written yet: on a terminal nothing
	// stays in the middle of a line, where a view would be drawn over it.
	unwritten []byte
	buf       []byte
	clean     []byte
}

// openLine is a line whose end is still to come, if it comes.
type openLine struct {
	w      io.Writer // nil if there is none
	name   string
	stderr bool
}

type source struct {
	color  string
	prefix []byte
	width  int // prefix was made for
}

// NewLogs returns a printer that writes lines of standard output to out and
// those of standard error to err; both may be the same writer.
func NewLogs(out, err io.Writer, style LogStyle) *Logs {
	return &Logs{style: style, out: out, err: err, sources: map[string]*source{}}
}

// Announce makes room for the prefixes of these names and gives them their
// colours, so that both depend on the names alone and not on who speaks first.
func (l *Logs) Announce(names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		l.source(n)
	}
}

// Line prints a line of the container.
func (l *Logs) Line(name string, line engine.LogLine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.out
	if line.Stderr {
		w = l.err
	}
	l.buf = l.buf[:0]
	open, this := l.openAt(line.Stderr), openLine{w, name, line.Stderr}
	goesOn := l.goesOn(*open, this)
	if !goesOn {
		if err := l.close(open); err != nil {
			return err
		}
	}
	l.buf, l.unwritten = append(l.buf, l.unwritten...), l.unwritten[:0]
	*open = openLine{}
	switch {
	case !l.style.Terminal:
		l.appendLine(name, line.Time, line.Text, goesOn)
	default:
		l.appendSafe(name, line.Time, line.Text, goesOn)
	}
	if line.Partial {
		l.buf = l.buf[:len(l.buf)-1]
		*open = this
		if l.style.Terminal && len(l.buf) <= maxUnwritten {
			l.unwritten = append(l.unwritten[:0], l.buf...)
			return nil
		}
	}
	_, err := w.Write(l.buf)
	return err
}

// maxUnwritten is how much of a line waits for its end.
const maxUnwritten = 1 << 20

// notice prints a remark about the container, such as that it exited.
func (l *Logs) notice(name, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = l.buf[:0]
	if err := l.close(l.openAt(false)); err != nil {
		return err
	}
	line := Escape(name + " " + text)
	if l.style.Color {
		line = l.source(name).color + line + reset
	}
	l.buf = append(append(l.buf, line...), '\n')
	_, err := l.out.Write(l.buf)
	return err
}

// openAt is the unfinished line where a line of the stream is written.
func (l *Logs) openAt(stderr bool) *openLine {
	if stderr && l.err != l.out && !l.style.Terminal {
		return &l.open[1]
	}
	return &l.open[0]
}

// goesOn reports whether the unfinished line is this one. Without prefixes the
// streams of a container run into each other as they do on a terminal.
func (l *Logs) goesOn(open, this openLine) bool {
	if l.style.NoPrefix && !l.style.Terminal {
		this.stderr = open.stderr
	}
	return open.w != nil && open.name == this.name && open.stderr == this.stderr
}

// close ends the unfinished line before another is written.
func (l *Logs) close(open *openLine) error {
	if open.w == nil {
		return nil
	}
	if !l.style.Terminal {
		l.buf = append(l.buf, '\n')
		*open = openLine{}
		return nil
	}
	_, err := open.w.Write(append(l.unwritten, '\n'))
	l.unwritten, *open = l.unwritten[:0], openLine{}
	return err
}

// Close ends a line that a container left without its newline, if the output
// is a terminal: elsewhere nothing is added.
func (l *Logs) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.style.Terminal {
		return nil
	}
	return l.close(&l.open[0])
}

func (l *Logs) appendLine(name string, at time.Time, text []byte, goesOn bool) {
	if goesOn {
		l.buf = append(append(l.buf, text...), '\n')
		return
	}
	if !l.style.NoPrefix {
		l.buf = append(l.buf, l.prefix(name)...)
	}
	if l.style.Timestamps && !at.IsZero() {
		l.buf = append(at.AppendFormat(l.buf, timeLayout), ' ')
	}
	l.buf = append(append(l.buf, text...), '\n')
}

// appendSafe prints what is between carriage returns as lines of their own, so
// that a container cannot write over its prefix.
func (l *Logs) appendSafe(name string, at time.Time, text []byte, goesOn bool) {
	text = bytes.TrimRight(text, "\r")
	for {
		part, rest, more := bytes.Cut(text, []byte{'\r'})
		if len(part) > 0 || !more {
			l.clean = sanitizeLine(l.clean[:0], part)
			l.appendLine(name, at, l.clean, goesOn)
			goesOn = false
		}
		if !more {
			return
		}
		text = rest
	}
}

// prefix is "name  | ", padded for the longest name known.
func (l *Logs) prefix(name string) []byte {
	s := l.source(name)
	if s.width == l.width {
		return s.prefix
	}
	shown := Escape(name)
	text := shown + strings.Repeat(" ", max(0, l.width-width(shown))) + "  | "
	if l.style.Color {
		text = s.color + text + reset
	}
	s.prefix, s.width = []byte(text), l.width
	return s.prefix
}

func (l *Logs) source(name string) *source {
	s, ok := l.sources[name]
	if !ok {
		s = &source{color: prefixColor(len(l.sources)), width: -1}
		l.sources[name] = s
		l.width = max(l.width, width(Escape(name)))
	}
	return s
}

// prefixColor rotates through cyan, yellow, green, magenta and blue, then
// their intense variants.
func prefixColor(n int) string {
	colors := [...]string{"36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"}
	return "\x1b[" + colors[n%len(colors)] + "m"
}
