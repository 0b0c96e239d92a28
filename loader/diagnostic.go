package loader

import (
	"cmp"
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// Error is one problem of a Compose file or of something it refers to.
type Error struct {
	// Rule is the rule of docs/RULES.md that is broken; empty if there is none: the
	// schema of Compose files, or something that cannot be read.
	Rule string
	Pos  project.Position
	// Path is the element, as keys joined by dots: services.web.restart. It is
	// empty if the problem is not about an element.
	Path string
	// Msg is what is wrong, Hint what to do about it; Hint may be empty.
	Msg, Hint string
	// Err is the cause, or nil.
	Err error

	of    node.Owner // the part of the files that it is about
	with  string     // see project.Problem
	shown bool       // see project.Problem
	node  *node.Node // the value that it is about, or nil
}

func (e *Error) Error() string { return render(e.Pos, e.Path, e.Msg, e.Hint) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all problems of a load, in file order. There is at least one.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single problems.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// Warning is something in a Compose file that works differently from what its
// author may expect. Its fields are those of Error.
type Warning struct {
	Rule      string
	Pos       project.Position
	Path      string
	Msg, Hint string
	// Asked says that it is about what was asked of the files, such as a profile,
	// and not about what they say.
	Asked bool
}

func (w Warning) String() string { return render(w.Pos, w.Path, w.Msg, w.Hint) }

func render(pos project.Position, path, msg, hint string) string {
	var b strings.Builder
	for _, part := range []string{pos.String(), path} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(msg)
	if hint != "" {
		b.WriteString(" (" + hint + ")")
	}
	return oneLine.Replace(b.String())
}

// oneLine keeps a diagnostic on its line: a key or a file's name may hold what
// would begin another.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// comparePositions orders by place in the order in which files were read.
func comparePositions(order map[string]int, a, b project.Position) int {
	return cmp.Or(
		cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
	)
}

func sortErrors(order map[string]int, es Errors) Errors {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(comparePositions(order, a.Pos, b.Pos), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(es, func(a, b *Error) bool { return same(a, b) && a.of == b.of })
}

// same reports whether two errors say the same.
func same(a, b *Error) bool { return a.Pos == b.Pos && a.Path == b.Path && a.Msg == b.Msg }

func sortWarnings(order map[string]int, ws []Warning) []Warning {
	slices.SortStableFunc(ws, func(a, b Warning) int {
		return cmp.Or(comparePositions(order, a.Pos, b.Pos), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.Compact(ws)
}
