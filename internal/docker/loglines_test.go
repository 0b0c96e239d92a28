package docker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/musterdev/muster/engine"
)

func frame(stream byte, text string) string {
	header := [8]byte{stream}
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header[:]) + text
}

// shown is a line as the tests write it.
func shown(l engine.LogLine) string {
	var b strings.Builder
	if !l.Time.IsZero() {
		fmt.Fprintf(&b, "%s ", l.Time.Format(time.RFC3339Nano))
	}
	if l.Stderr {
		b.WriteString("err ")
	}
	b.Write(l.Text)
	if l.Partial {
		b.WriteString("…")
	}
	return b.String()
}

const stamp1, stamp2 = "2024-01-02T03:04:05.000000006Z", "2024-01-02T03:04:06.000000000Z"

// aPiece is a piece as engines cut long lines into.
var aPiece = strings.Repeat("x", 16<<10)

func TestFramedLines(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		timed    bool
		want     []string
		wantErr  string
	}{
		{name: "nothing"},
		{name: "lines of both streams", in: frame(1, "one\n") + frame(2, "oops\n") + frame(1, "two\n"), want: []string{"one", "err oops", "two"}},
		{name: "a line in pieces", in: frame(1, aPiece) + frame(2, aPiece) + frame(1, "ne\n") + frame(2, "y\n"), want: []string{aPiece + "ne", "err " + aPiece + "y"}},
		{name: "a line that the next run does not go on with", in: frame(1, "one\n") + frame(1, "left") + frame(2, "bad") + frame(1, "again\n") + frame(2, "worse\n"), want: []string{"one", "left", "again", "err bad", "err worse"}},
		{name: "the same, with times", timed: true, in: frame(1, stamp1+" left") + frame(1, stamp2+" again\n"), want: []string{"2024-01-02T03:04:05.000000006Z left", "2024-01-02T03:04:06Z again"}},
		{name: "a long line that the next run does not go on with", timed: true, in: frame(1, stamp1+" "+aPiece) + frame(1, stamp2+" again\n"), want: []string{"2024-01-02T03:04:05.000000006Z " + aPiece, "2024-01-02T03:04:06Z again"}},
		{name: "several lines in a frame", in: frame(1, "a\n\nb\n"), want: []string{"a", "", "b"}},
		{name: "a last line without newline", in: frame(1, "one\ntwo") + frame(2, "three"), want: []string{"one", "two…", "err three…"}},
		{name: "carriage returns are the program's", in: frame(1, "50%\r100%\r\n"), want: []string{"50%\r100%\r"}},
		{name: "times", timed: true, in: frame(1, stamp1+" one\n") + frame(1, stamp2+" two words\n"), want: []string{"2024-01-02T03:04:05.000000006Z one", "2024-01-02T03:04:06Z two words"}},
		{name: "times of a line in pieces", timed: true, in: frame(1, stamp1+" one ") + frame(1, stamp1+" line\n"), want: []string{"2024-01-02T03:04:05.000000006Z one line"}},
		{name: "an empty line with a time", timed: true, in: frame(1, stamp1+" \n"), want: []string{"2024-01-02T03:04:05.000000006Z "}},
		{name: "the engine's own words", in: frame(1, "one\n") + frame(3, "disk gone"), want: []string{"one"}, wantErr: "the engine says: disk gone"},
		{name: "cut within a frame", in: frame(1, "one\n") + frame(1, "two\n")[:10], want: []string{"one", "tw…"}, wantErr: "unexpected EOF"},
		{name: "cut within a header", in: frame(1, "one\n") + "\x01\x00", want: []string{"one"}, wantErr: "unexpected EOF"},
		{name: "not framed", in: "plain text, no frames\n", wantErr: "output is not framed: unexpected header 70 6c 61 69"},
	} {
		for _, r := range []io.Reader{strings.NewReader(tc.in), iotest.OneByteReader(strings.NewReader(tc.in))} {
			t.Run(tc.name, func(t *testing.T) {
				var got []string
				l := &logReader{stamped: tc.timed, timed: tc.timed, emit: func(l engine.LogLine) error {
					got = append(got, shown(l))
					return nil
				}}
				err := l.framed(r)
				if (tc.wantErr == "" && err != nil) || (tc.wantErr != "" && (err == nil || err.Error() != tc.wantErr)) {
					t.Errorf("error = %v, want %q", err, tc.wantErr)
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("lines = %q, want %q", got, tc.want)
				}
			})
		}
	}
}

func TestRawLines(t *testing.T) {
	for _, tc := range []struct {
		in    string
		timed bool
		want  []string
	}{
		{in: "one\r\ntwo\r\n", want: []string{"one", "two"}},
		{in: "one\r\n$ ", want: []string{"one", "$ …"}},
		{in: stamp1 + " one\r\n" + stamp2 + " $ ", timed: true, want: []string{"2024-01-02T03:04:05.000000006Z one", "2024-01-02T03:04:06Z $ …"}},
		{in: "no time\n", timed: true, want: []string{"no time"}},
	} {
		var got []string
		l := &logReader{stamped: tc.timed, timed: tc.timed, emit: func(l engine.LogLine) error {
			got = append(got, shown(l))
			return nil
		}}
		if err := l.raw(strings.NewReader(tc.in)); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("lines of %q = %q, want %q", tc.in, got, tc.want)
		}
	}
}

// TestRest finds the last line that a followed log did not bring, once.
func TestRest(t *testing.T) {
	for _, tc := range []struct {
		name, followed, rest string
		want                 []string
	}{
		{"lost", frame(1, stamp1+" one\n"), frame(1, stamp1+" one\n") + frame(1, stamp2+" end"), []string{"one", "end…"}},
		{"lost on both", frame(1, stamp1+" one\n"), frame(1, stamp2+" end") + frame(2, stamp2+" bad"), []string{"one", "end…", "err bad…"}},
		{"brought", frame(1, stamp1+" one\n") + frame(1, stamp2+" end"), frame(1, stamp1+" one\n") + frame(1, stamp2+" end"), []string{"one", "end…"}},
		{"complete", frame(1, stamp1+" one\n"), frame(1, stamp1+" one\n"), []string{"one"}},
		{"the end of a long line", frame(1, stamp1+" long, "), frame(1, stamp1+" long, ") + frame(1, stamp1+" end"), []string{"long, …", "end…"}},
		{"of an earlier run", frame(1, stamp2+" two\n"), frame(1, stamp1+" end") + frame(1, stamp2+" two\n"), []string{"two"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			l := &logReader{stamped: true, emit: func(l engine.LogLine) error {
				got = append(got, shown(l))
				return nil
			}}
			err := l.framed(strings.NewReader(tc.followed))
			l.again()
			if err := errors.Join(err, l.framed(strings.NewReader(tc.rest))); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("lines = %q, want %q", got, tc.want)
			}
		})
	}
}

// endless is output without a newline.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range n {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestEndlessLine(t *testing.T) {
	const size = 1 << 27
	header := [8]byte{1}
	binary.BigEndian.PutUint32(header[4:], size)
	total, longest := 0, 0
	l := &logReader{emit: func(l engine.LogLine) error {
		total += len(l.Text)
		longest = max(longest, len(l.Text))
		if !l.Partial {
			t.Error("a piece is not marked partial")
		}
		return nil
	}}
	if err := l.framed(io.MultiReader(bytes.NewReader(header[:]), &endless{size})); err != nil {
		t.Fatal(err)
	}
	if total != size || longest > maxLine+64<<10 {
		t.Errorf("%d bytes in pieces of at most %d, want %d in pieces of about %d", total, longest, size, maxLine)
	}
}

// TestEmitError hands the receiver's error back and stops reading.
func TestEmitError(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	l := &logReader{emit: func(engine.LogLine) error { n++; return stop }}
	err := l.framed(strings.NewReader(frame(1, "one\n") + frame(1, "two\n")))
	if e := (*emitError)(nil); !errors.As(err, &e) || e.err != stop || n != 1 {
		t.Errorf("error = %v after %d lines, want %v after 1", err, n, stop)
	}
}

func TestTail(t *testing.T) {
	for _, tc := range []struct {
		writes []string
		want   string
	}{
		{nil, ""}, {[]string{"abc"}, "abc"}, {[]string{"abc", "def"}, "bcdef"}, {[]string{"abcdefgh"}, "defgh"}, {[]string{"abcdefgh", "i"}, "efghi"},
	} {
		keep := &tail{limit: 5}
		for _, w := range tc.writes {
			if n, err := io.WriteString(keep, w); n != len(w) || err != nil {
				t.Fatalf("write = %d, %v", n, err)
			}
		}
		if keep.String() != tc.want {
			t.Errorf("tail of %q = %q, want %q", tc.writes, keep, tc.want)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(1, "one\n") + frame(2, "two")))
	f.Add([]byte(frame(3, "bad")))
	f.Add([]byte{1, 0, 0, 0, 255, 255, 255, 255, 'x'})
	f.Fuzz(func(t *testing.T, in []byte) {
		total := 0
		l := &logReader{stamped: true, timed: true, emit: func(l engine.LogLine) error {
			total += len(l.Text)
			return nil
		}}
		_ = l.framed(bytes.NewReader(in)) // any error will do
		if total > len(in) {
			t.Errorf("%d bytes out of %d", total, len(in))
		}
	})
}
