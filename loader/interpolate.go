package loader

import (
	"errors"
	"strings"

	"github.com/musterdev/muster/loader/env"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/project"
)

// variable is one use of a variable in a Compose file.
type variable struct {
	Name     string
	Default  string // of ${V:-d} and ${V-d}, as written
	Presence string // of ${V:+a} and ${V+a}, as written
	Required bool   // ${V:?e} or ${V?e}
	Pos      project.Position
}

// interpolate replaces the variables of a document and turns strings into the
// numbers and booleans that they stand for.
func (a *assembler) interpolate(n *node.Node, path string, c *quantity.Casts, vars *env.Environment) {
	switch n.Kind {
	case node.Mapping:
		outer := a.l.reports.at
		for _, f := range n.Fields {
			a.l.reports.at = outer.Within(f.Key)
			a.interpolate(f.Node, node.Dotted(path, f.Key), c.Child(f.Key), vars)
		}
		a.l.reports.at = outer
	case node.Sequence:
		for i, item := range n.Items {
			a.interpolate(item, path+node.IndexElem(i), c.Child("[]"), vars)
		}
	default:
		a.scalar(n, path, c, vars)
	}
}

func (a *assembler) scalar(n *node.Node, path string, c *quantity.Casts, vars *env.Environment) {
	if text, isText := n.Str(); isText && strings.Contains(text, "$") {
		expanded, ok := a.expand(n, text, path, vars)
		if !ok {
			n.Bad = true
			return
		}
		if a.l.in.NoInterpolate {
			return
		}
		n.Value = expanded
	}
	if c != nil && c.Kind != nil && n.Value != nil && n.Tag != node.TagReset {
		a.cast(n, path, c.Kind)
	}
}

// expand replaces the variables of one scalar. It notes each use, warns of
// variables that are not set, and reports whether the text is well formed.
func (a *assembler) expand(n *node.Node, text, path string, vars *env.Environment) (string, bool) {
	keep := a.l.in.NoInterpolate
	x := env.Expander{Lookup: vars.Lookup, Every: keep, Nesting: a.l.limits.Nesting, Budget: &a.l.budget}
	x.Use = func(u env.Use) {
		n.Expanded = true
		pos := n.Offset(u.Offset)
		a.note(u, pos)
		if u.Unset && !keep {
			a.l.reports.warn(Warning{Rule: "unset-variable", Pos: pos, Path: path, Msg: unsetMessage(u.Name)})
		}
	}
	out, err := x.Expand(text)
	if err == nil || keep {
		return out, true
	}
	e := &Error{Pos: n.Pos, Path: path, Msg: err.Error(), node: n}
	var at *env.ExpandError
	if errors.As(err, &at) {
		e.Pos, e.Hint = n.Offset(at.Offset), at.Hint
	}
	a.l.reports.fail(e)
	return "", false
}

func (a *assembler) note(u env.Use, pos project.Position) {
	v := variable{Name: u.Name, Pos: pos}
	switch strings.TrimPrefix(u.Op, ":") {
	case "-":
		v.Default = u.Operand
	case "+":
		v.Presence = u.Operand
	case "?":
		v.Required = true
	}
	a.variables = append(a.variables, v)
}
