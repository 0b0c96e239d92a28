package loader

import (
	"fmt"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
)

// cast makes the number or boolean of a scalar that it stands for, or reports
// why it cannot be one.
func (a *assembler) cast(n *node.Node, path string, kind quantity.Quantity) {
	value, verdict := kind.Read(quantity.Exactly(n))
	if verdict == quantity.Rounded {
		a.l.reports.warn(Warning{Rule: "rounded", Pos: n.Pos, Path: path, Msg: fmt.Sprintf("%s is rounded to %v", node.QuoteValue(n), value)})
	}
	if e := misfit(n, path, kind, verdict); e != nil {
		n.Bad = true
		a.l.reports.fail(e)
		return
	}
	if value, isBool := value.(bool); isBool {
		a.oldBool(n, path, value)
	}
	n.Value = value
}

// misfit is the error for a scalar that is no quantity of the kind; nil if it is one.
func misfit(n *node.Node, path string, kind quantity.Quantity, v quantity.Verdict) *Error {
	e := &Error{Pos: n.Pos, Path: path, Hint: kind.Hint(), node: n}
	switch v {
	case quantity.Mistyped:
		e.Msg = fmt.Sprintf("must be %s, not %s", kind.Wanted(), node.Describe(n))
		text, _ := n.Str()
		if hint := node.EmptyHint(n, text); hint != "" {
			e.Hint = hint
		} else if kind.Wanted() == (quantity.Span{}).Wanted() && quantity.Digits.MatchString(n.Text) && !n.Expanded {
			e.Hint = "write " + n.Text + "s for seconds"
		}
	case quantity.OutOfRange:
		e.Msg, e.Hint = fmt.Sprintf("%s is out of range: %s", node.QuoteValue(n), kind.Bounds()), ""
	default:
		return nil
	}
	return e
}

// oldBool warns of the booleans of YAML 1.1.
func (a *assembler) oldBool(n *node.Node, path string, value bool) {
	if text, isText := n.Str(); isText {
		if _, old, err := quantity.ParseYAMLBool(text); err == nil && old {
			a.l.reports.warn(Warning{Rule: "old-boolean", Pos: n.Pos, Path: path, Msg: fmt.Sprintf("%q is an old YAML spelling of %t", n.Text, value), Hint: fmt.Sprintf("write %t", value)})
		}
	}
}
