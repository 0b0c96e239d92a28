package node

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/project"
)

// Dotted appends a key to a path for people.
func Dotted(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// IndexElem is how an item of a list stands in a path: [0].
func IndexElem(i int) string { return "[" + strconv.Itoa(i) + "]" }

// Readable joins the elements of a path with dots, indices without.
func Readable(elems []string) string {
	return strings.ReplaceAll(strings.Join(elems, "."), ".[", "[")
}

// Describe names a scalar without giving away what a variable holds.
func Describe(n *Node) string {
	if n.Expanded {
		return fmt.Sprintf("the value of %q", n.Text)
	}
	switch n.Value.(type) {
	case string:
		return fmt.Sprintf("the string %q", n.Text)
	case bool:
		return "the boolean " + n.Text
	case int, int64, uint64, float32, float64:
		return "the number " + n.Text
	case time.Time:
		return "the date " + n.Text
	}
	return n.Text
}

// QuoteValue quotes a scalar as it is written, never what a variable in it holds.
func QuoteValue(n *Node) string {
	if _, isText := n.Value.(string); isText || n.Expanded {
		return fmt.Sprintf("%q", n.Text)
	}
	return n.Text
}

// Number is the value of a scalar that is a number, and else 0.
func Number(n *Node) float64 {
	switch v := n.Value.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float32:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// StringNodes are the strings of a node that holds one or a list of them.
func StringNodes(n *Node) []*Node {
	if n == nil || n.Bad {
		return nil
	}
	candidates := n.Items
	if n.Kind == Scalar {
		candidates = []*Node{n}
	}
	var out []*Node
	for _, c := range candidates {
		if text, ok := c.Str(); ok && !c.Bad && text != "" {
			out = append(out, c)
		}
	}
	return out
}

// HasVariable reports whether a text below the node has a variable in it.
func (n *Node) HasVariable() bool {
	if strings.Contains(n.Text, "$") {
		return true
	}
	for _, f := range n.Fields {
		if f.Node.HasVariable() {
			return true
		}
	}
	return false
}

// Alike reports whether two values are the same as written.
func Alike(a, b *Node) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Fields) != len(b.Fields) || len(a.Items) != len(b.Items) {
		return false
	}
	for _, f := range a.Fields {
		if other := b.Get(f.Key); other == nil || !Alike(f.Node, other) {
			return false
		}
	}
	for i, item := range a.Items {
		if !Alike(item, b.Items[i]) {
			return false
		}
	}
	return true
}

// Offset is the place of a byte of the scalar's text.
func (n *Node) Offset(i int) project.Position {
	pos := n.Pos
	if n.Plain && pos.Column > 0 {
		pos.Column += i
		if n.Quoted {
			pos.Column++
		}
	}
	return pos
}

// EmptyHint says why a text may be empty.
func EmptyHint(n *Node, text string) string {
	if n.Expanded && text == "" {
		return "its variables are empty"
	}
	return ""
}
