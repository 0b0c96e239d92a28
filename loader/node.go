package loader

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// A node is a value of a Compose file that knows where it stands. Trees of
// nodes are merged alongside compose-go's maps, so that every element of the
// resolved model can be traced to the place that set it.
type node struct {
	pos  project.Position
	kind kind
	// tag is !reset or !override, or empty.
	tag string
	// Scalars: value is what the file means, with variables replaced; text is
	// as written; quoted says that quotes surround it; plain that it stands on
	// one line, so that offsets in it are columns.
	value         any
	text          string
	quoted, plain bool
	// expanded says that value depends on a variable: it may be secret.
	expanded bool
	// bad says that the node is not what the schema asks for: it is reported
	// and left out of the model.
	bad bool
	// refused says that the node is reported, and in the model all the same.
	refused bool
	// empty says that the node is null where the schema wants a value: like any
	// null it keeps what other files say, and it is reported if none does.
	empty bool
	// short says that the node was an item of a list that has been merged with
	// a mapping: it has been checked as an item.
	short bool

	fields []field // mappings, in file order
	items  []*node // sequences
}

type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

func (k kind) String() string {
	switch k {
	case mapping:
		return "mapping"
	case sequence:
		return "list"
	}
	return "scalar"
}

// field is an entry of a mapping; pos is that of the key.
type field struct {
	key  string
	pos  project.Position
	node *node
}

// get returns the value of a key, or nil; it may be called on nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].key == key {
			return n.fields[i].node
		}
	}
	return nil
}

// at follows keys down; it returns nil where one is missing.
func (n *node) at(keys ...string) *node {
	for _, k := range keys {
		n = n.get(k)
	}
	return n
}

func (n *node) index(key string) int {
	return slices.IndexFunc(n.fields, func(f field) bool { return f.key == key })
}

func (n *node) drop(key string) {
	n.fields = slices.DeleteFunc(slices.Clone(n.fields), func(f field) bool { return f.key == key })
}

// str is the scalar as a string; ok is false for anything else.
func (n *node) str() (s string, ok bool) {
	if n == nil || n.kind != scalar {
		return "", false
	}
	s, ok = n.value.(string)
	return s, ok
}

func (n *node) isNull() bool { return n != nil && n.kind == scalar && n.value == nil }

// data is the node as compose-go takes it.
func (n *node) data() any {
	switch n.kind {
	case mapping:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			if !f.node.bad && !f.node.empty && f.node.tag != tagReset {
				m[f.key] = f.node.data()
			}
		}
		return m
	case sequence:
		list := make([]any, 0, len(n.items))
		for _, item := range n.items {
			if !item.bad && item.tag != tagReset {
				list = append(list, item.data())
			}
		}
		return list
	}
	return n.value
}

const (
	tagReset    = "!reset"
	tagOverride = "!override"
)

// place is where a diagnostic about the value points: at a scalar itself, at
// the key of anything larger.
func (f field) place() project.Position {
	if f.node.kind == scalar && f.node.value != nil {
		return f.node.pos
	}
	return f.pos
}

// positions adds the places of everything below the node.
func (n *node) positions(into project.Positions, path string) {
	join := func(elem string) string {
		if path == "" {
			return elem
		}
		return project.Path(path, elem)
	}
	for _, f := range n.fields {
		p := join(f.key)
		into[p] = f.place()
		f.node.positions(into, p)
	}
	for i, item := range n.items {
		p := join(indexElem(i))
		into[p] = item.pos
		item.positions(into, p)
		// A short list names what the resolved model holds as a mapping.
		if s, ok := item.str(); ok && keyed(path) {
			key, _, _ := strings.Cut(s, "=")
			into[join(key)] = item.pos
		}
	}
}
