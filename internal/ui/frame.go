package ui

import (
	"fmt"
	"strings"
)

// Frame draws one text over the other on a whole screen. What does not change
// is written again and not erased before, so that nothing flickers.
type Frame struct{ drawn bool }

// Draw is what a terminal of that size has to get. Lines that are too long are
// cut, and the last one tells how many do not fit. The text has no control
// characters but newlines.
func (f *Frame) Draw(text string, columns, rows int) []byte {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if room := rows - 1; room > 1 && len(lines) > room { // one is the cursor's
		more := fmt.Sprintf("… %d more", len(lines)-room+1)
		lines = append(lines[:room-1:room-1], more)
	}
	var b strings.Builder
	if !f.drawn {
		b.WriteString("\x1b[2J")
		f.drawn = true
	}
	b.WriteString("\x1b[H")
	for _, line := range lines {
		if columns > 0 {
			line = cut(line, columns)
		}
		b.WriteString(line)
		b.WriteString("\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	return []byte(b.String())
}
