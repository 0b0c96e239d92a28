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
func (b *builder) interpolate(n *node.Node, path string, c *quantity.Casts, vars *env.Environment) {
	switch n.Kind {
	case node.Mapping:
		outer := b.s.reports.at
		for _, f := range n.Fields {
			b.s.reports.at = outer.Within(f.Key)
			b.interpolate(f.Node, node.Dotted(path, f.Key), c.Child(f.Key), vars)
		}
		b.s.reports.at = outer
	case node.Sequence:
		for i, item := range n.Items {
			b.interpolate(item, path+node.IndexElem(i), c.Child("[]"), vars)
		}
	default:
		b.scalar(n, path, c, vars)
	}
}

func (b *builder) scalar(n *node.Node, path string, c *quantity.Casts, vars *env.Environment) {
	if text, isText := n.Str(); isText && strings.Contains(text, "$") {
		expanded, ok := b.expand(n, text, path, vars)
		if !ok {
			n.Bad = true
			return
		}
		if b.s.in.NoInterpolate {
			return
		}
		n.Value = expanded
	}
	if c != nil && c.Kind != nil && n.Value != nil && n.Tag != node.TagReset {
		b.cast(n, path, c.Kind)
	}
}

// expand replaces the variables of one scalar. It notes each use, warns of
// variables that are not set, and reports whether the text is well formed.
func (b *builder) expand(n *node.Node, text, path string, vars *env.Environment) (string, bool) {
	keep := b.s.in.NoInterpolate
	x := env.Expander{Lookup: vars.Lookup, Every: keep, Nesting: b.s.limits.Nesting, Budget: &b.s.budget}
	x.Use = func(u env.Use) {
		n.Expanded = true
		pos := n.Offset(u.Offset)
		b.note(u, pos)
		if u.Unset && !keep {
			b.s.reports.warn(Warning{Rule: "unset-variable", Pos: pos, Path: path, Msg: unsetMessage(u.Name)})
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
	b.s.reports.fail(e)
	return "", false
}

func (b *builder) note(u env.Use, pos project.Position) {
	v := variable{Name: u.Name, Pos: pos}
	switch strings.TrimPrefix(u.Op, ":") {
	case "-":
		v.Default = u.Operand
	case "+":
		v.Presence = u.Operand
	case "?":
		v.Required = true
	}
	b.variables = append(b.variables, v)
}
