package ui

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
)

func line(s string) engine.LogLine { return engine.LogLine{Text: []byte(s)} }

func TestLogPrefixes(t *testing.T) {
	var out, errs bytes.Buffer
	l := NewLogs(&out, &errs, LogStyle{})
	l.Announce("db-1", "worker-1")
	l.Line("db-1", line("ready"))
	l.Line("worker-1", engine.LogLine{Text: []byte("oops"), Stderr: true})
	l.Line("a-longer-name-1", line("late"))
	l.Line("db-1", line("wider now"))
	l.notice("db-1", "exited with code 0")
	want := "db-1      | ready\na-longer-name-1  | late\ndb-1             | wider now\ndb-1 exited with code 0\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := errs.String(), "worker-1  | oops\n"; got != want {
		t.Errorf("standard error: %q, want %q", got, want)
	}
}

func TestLogsAddNothingToAFile(t *testing.T) {
	var out bytes.Buffer
	l := NewLogs(&out, &out, LogStyle{NoPrefix: true})
	l.Line("a", line("one\x1b[2J\r"))
	l.Line("a", engine.LogLine{Text: []byte("no newline"), Partial: true})
	l.Close()
	if got, want := out.String(), "one\x1b[2J\r\nno newline"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnfinishedLineIsEndedByTheNext(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		l := NewLogs(&out, &out, LogStyle{Terminal: terminal})
		l.Line("a", engine.LogLine{Text: []byte("no newline"), Partial: true})
		l.Line("b", engine.LogLine{Text: []byte("nor here"), Partial: true})
		l.Close()
		want := "a  | no newline\nb  | nor here"
		if terminal {
			want += "\n"
		}
		if got := out.String(); got != want {
			t.Errorf("terminal %v: %q, want %q", terminal, got, want)
		}
	}
}

// TestNothingStaysInTheMiddleOfALine: whatever draws on a terminal after a write
// begins a line of its own, so that what a container, a hook or a command left
// without a newline is neither drawn over nor glued to something else.
func TestNothingStaysInTheMiddleOfALine(t *testing.T) {
	part := func(s string, stderr bool) engine.LogLine {
		return engine.LogLine{Text: []byte(s), Stderr: stderr, Partial: true}
	}
	var out, errs bytes.Buffer
	l := NewLogs(&out, &errs, LogStyle{Terminal: true})
	l.Announce("a", "b")
	for i, step := range []func() error{
		func() error { return l.Line("a", part("one ", false)) },
		func() error { return l.Line("a", part("two", false)) },
		func() error { return l.Line("b", part("other", true)) },
		func() error { return l.notice("b", "exited with code 1") },
		func() error { return l.Line("a", part("last", false)) },
		l.Close,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{out.String(), errs.String()} {
			if text != "" && !strings.HasSuffix(text, "\n") {
				t.Errorf("after step %d: %q", i, text)
			}
		}
	}
	if got, want := out.String(), "a  | one two\nb exited with code 1\na  | last\n"; got != want {
		t.Errorf("standard output %q, want %q", got, want)
	}
	if got, want := errs.String(), "b  | other\n"; got != want {
		t.Errorf("standard error %q, want %q", got, want)
	}
}

// TestALineWithoutEndIsNotKeptForEver: memory stays bounded.
func TestALineWithoutEndIsNotKeptForEver(t *testing.T) {
	var out countingWriter
	l := NewLogs(&out, &out, LogStyle{Terminal: true})
	piece := engine.LogLine{Text: bytes.Repeat([]byte{'x'}, 256<<10), Partial: true}
	for range 16 {
		if err := l.Line("a", piece); err != nil {
			t.Fatal(err)
		}
	}
	if out < 2<<20 || cap(l.unwritten) > 4<<20 {
		t.Errorf("%d bytes written, room for %d held", out, cap(l.unwritten))
	}
}

func TestPiecesOfALongLineAreOneLine(t *testing.T) {
	part := func(s string, stderr bool) engine.LogLine {
		return engine.LogLine{Text: []byte(s), Stderr: stderr, Partial: true}
	}
	for _, tc := range []struct {
		style LogStyle
		want  string
	}{
		{LogStyle{}, "a  | one two three\na  | begun \na  | oops \na  | done\nb  | other\n"},
		{LogStyle{Terminal: true}, "a  | one two three\na  | begun \na  | oops \na  | done\nb  | other\n"},
		{LogStyle{NoPrefix: true}, "one two three\nbegun oops done\nother\n"},
	} {
		var out bytes.Buffer
		l := NewLogs(&out, &out, tc.style)
		l.Announce("a", "b")
		l.Line("a", part("one ", false))
		l.Line("a", part("two ", false))
		l.Line("a", line("three"))
		l.Line("a", part("begun ", false))
		l.Line("a", part("oops ", true))
		l.Line("a", line("done"))
		l.Line("b", line("other"))
		if got := out.String(); got != tc.want {
			t.Errorf("%+v: got\n%q\nwant\n%q", tc.style, got, tc.want)
		}
	}
}

func TestLogsOnATerminal(t *testing.T) {
	var out bytes.Buffer
	l := NewLogs(&out, &out, LogStyle{Terminal: true, Color: true, Timestamps: true})
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	l.Line("a", engine.LogLine{Text: []byte("\x1b[31mred\x1b[2J\rb | forged\r"), Time: at})
	want := strings.ReplaceAll("\x1b[36ma  | \x1b[0mTIME \x1b[31mred\x1b[0m\n\x1b[36ma  | \x1b[0mTIME b | forged\n", "TIME", "2026-01-02T03:04:05.000000600Z")
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func BenchmarkLogLine(b *testing.B) {
	var out countingWriter
	l := NewLogs(&out, &out, LogStyle{})
	text := line(strings.Repeat("x", 50))
	for b.Loop() {
		l.Line("web-1", text)
	}
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}
