package ui

import (
	"strconv"
	"strings"
	"sync"
	"testing"
)

// screen is a small terminal: it understands what the live view writes and
// fails the test on anything else.
type screen struct {
	t             *testing.T
	mu            sync.Mutex
	columns, rows int
	lines         [][]rune // what has scrolled out above included
	wrapped       []bool   // the line continues the one above
	row, column   int
	hidden        bool // cursor
	writes        int
}

func newScreen(t *testing.T, columns, rows int) *screen {
	return &screen{t: t, columns: columns, rows: rows, lines: [][]rune{nil}, wrapped: []bool{false}}
}

func (s *screen) size() (int, int) { s.mu.Lock(); defer s.mu.Unlock(); return s.columns, s.rows }

func (s *screen) drawings() int      { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }
func (s *screen) cursorHidden() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.hidden }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	for text := []rune(string(p)); len(text) > 0; {
		switch r := text[0]; {
		case r == 0x1b:
			text = s.escape(text)
			continue
		case r == '\n':
			s.row, s.column = s.row+1, 0
			s.grow(false)
		case r == '\r':
			s.column = 0
		case r < ' ':
			s.t.Errorf("control character %q", r)
		default:
			s.put(r)
		}
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) grow(wrap bool) {
	for len(s.lines) <= s.row {
		s.lines, s.wrapped = append(s.lines, nil), append(s.wrapped, wrap)
	}
}

func (s *screen) put(r rune) {
	if s.column == s.columns {
		s.row, s.column = s.row+1, 0
		s.grow(true)
	}
	for len(s.lines[s.row]) <= s.column {
		s.lines[s.row] = append(s.lines[s.row], ' ')
	}
	s.lines[s.row][s.column] = r
	s.column++
}

func (s *screen) escape(text []rune) []rune {
	n := 2
	for n < len(text) && (text[n] < '@' || text[n] > '~') {
		n++
	}
	sequence := string(text[1 : n+1])
	switch {
	case sequence == "[?25l":
		s.hidden = true
	case sequence == "[?25h":
		s.hidden = false
	case sequence == "[J":
		s.lines, s.wrapped = s.lines[:s.row+1], s.wrapped[:s.row+1]
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
	case strings.HasSuffix(sequence, "A"):
		up, err := strconv.Atoi(sequence[1 : len(sequence)-1])
		if err != nil || up > s.row {
			s.t.Errorf("sequence %q in row %d", sequence, s.row)
		}
		if up >= s.rows {
			s.t.Errorf("cursor up by %d of %d rows: the view left the screen", up, s.rows)
		}
		s.row -= up
	case strings.HasSuffix(sequence, "m"):
	default:
		s.t.Errorf("unexpected sequence %q", sequence)
	}
	return text[n+1:]
}

// resize wraps the lines anew, as terminals do.
func (s *screen) resize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var whole [][]rune
	for i, l := range s.lines {
		if s.wrapped[i] {
			whole[len(whole)-1] = append(whole[len(whole)-1], l...)
		} else {
			whole = append(whole, l)
		}
	}
	s.columns, s.rows, s.lines, s.wrapped = columns, rows, nil, nil
	for _, l := range whole {
		for first := true; first || len(l) > 0; first = false {
			n := min(columns, len(l))
			s.lines, s.wrapped = append(s.lines, l[:n:n]), append(s.wrapped, !first)
			l = l[n:]
		}
	}
	s.row, s.column = len(s.lines)-1, 0
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
