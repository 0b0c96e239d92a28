package project

import (
	"fmt"
	"strconv"
	"strings"
)

// Position is a place in a Compose file. Line and Column count from 1; a zero
// Line means that only the file is known, an empty File that nothing is.
type Position struct {
	File   string
	Line   int
	Column int
}

// String returns file:line:column, leaving out what is not known.
func (p Position) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return p.File + ":" + strconv.Itoa(p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// IsZero reports whether nothing is known about the place.
func (p Position) IsZero() bool { return p == Position{} }

// Positions maps a path in the resolved model to the place that set it. A path
// is made by Path: mapping keys joined by an unprintable separator, so that
// keys may contain dots; list items are their index in brackets.
type Positions map[string]Position

const pathSeparator = "\x1f"

// Path joins mapping keys and "[n]" list indices to a key of Positions.
func Path(elem ...string) string { return strings.Join(elem, pathSeparator) }

// Of returns the place of the element at the path, or of its nearest ancestor
// that has one.
func (p Positions) Of(elem ...string) Position {
	for n := len(elem); n > 0; n-- {
		if pos, ok := p[Path(elem[:n]...)]; ok {
			return pos
		}
	}
	return Position{}
}

// SplitPath undoes Path.
func SplitPath(path string) []string { return strings.Split(path, pathSeparator) }

// Has reports whether the element at the path was written in a file.
func (p Positions) Has(elem ...string) bool {
	_, ok := p[Path(elem...)]
	return ok
}
