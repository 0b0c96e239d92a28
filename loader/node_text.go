package loader

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/project"
)

// dotted appends a key to a path for people.
func dotted(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func indexElem(i int) string { return "[" + strconv.Itoa(i) + "]" }

// readable joins the elements of a path with dots, indices without.
func readable(elems []string) string {
	return strings.ReplaceAll(strings.Join(elems, "."), ".[", "[")
}

// describe names a scalar without giving away what a variable holds.
func describe(n *node) string {
	if n.expanded {
		return fmt.Sprintf("the value of %q", n.text)
	}
	switch n.value.(type) {
	case string:
		return fmt.Sprintf("the string %q", n.text)
	case bool:
		return "the boolean " + n.text
	case int, int64, uint64, float32, float64:
		return "the number " + n.text
	case time.Time:
		return "the date " + n.text
	}
	return n.text
}

// quoteValue quotes a scalar as it is written, never what a variable in it holds.
func quoteValue(n *node) string {
	if _, isText := n.value.(string); isText || n.expanded {
		return fmt.Sprintf("%q", n.text)
	}
	return n.text
}

func number(n *node) float64 {
	switch v := n.value.(type) {
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

// stringNodes are the strings of a node that holds one or a list of them.
func stringNodes(n *node) []*node {
	if n == nil || n.bad {
		return nil
	}
	candidates := n.items
	if n.kind == scalar {
		candidates = []*node{n}
	}
	var out []*node
	for _, c := range candidates {
		if text, ok := c.str(); ok && !c.bad && text != "" {
			out = append(out, c)
		}
	}
	return out
}

// hasVariable reports whether a text below the node has a variable in it.
func (n *node) hasVariable() bool {
	if strings.Contains(n.text, "$") {
		return true
	}
	for _, f := range n.fields {
		if f.node.hasVariable() {
			return true
		}
	}
	return false
}

// alike reports whether two values are the same as written.
func alike(a, b *node) bool {
	if a.kind != b.kind || a.text != b.text || len(a.fields) != len(b.fields) || len(a.items) != len(b.items) {
		return false
	}
	for _, f := range a.fields {
		if other := b.get(f.key); other == nil || !alike(f.node, other) {
			return false
		}
	}
	for i, item := range a.items {
		if !alike(item, b.items[i]) {
			return false
		}
	}
	return true
}

// offset is the place of a byte of the scalar's text.
func (n *node) offset(i int) project.Position {
	pos := n.pos
	if n.plain && pos.Column > 0 {
		pos.Column += i
		if n.quoted {
			pos.Column++
		}
	}
	return pos
}
