package node

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// A Node is a value of a Compose file that knows where it stands. Trees of
// nodes are merged alongside compose-go's maps, so that every element of the
// resolved model can be traced to the place that set it.
type Node struct {
	Pos  project.Position
	Kind Kind
	// Tag is !reset or !override, or empty.
	Tag string
	// Scalars: Value is what the file means, with variables replaced; Text is
	// as written; Quoted says that quotes surround it; Plain that it stands on
	// one line, so that offsets in it are columns.
	Value         any
	Text          string
	Quoted, Plain bool
	// Expanded says that Value depends on a variable: it may be secret.
	Expanded bool
	// Bad says that the node is not what the schema asks for: it is reported
	// and left out of the model.
	Bad bool
	// Refused says that the node is reported, and in the model all the same.
	Refused bool
	// Empty says that the node is null where the schema wants a value: like any
	// null it keeps what other files say, and it is reported if none does.
	Empty bool
	// Short says that the node was an item of a list that has been merged with
	// a mapping: it has been checked as an item.
	Short bool

	Fields []Field // mappings, in file order
	Items  []*Node // sequences
}

// Kind is what YAML has: scalars, mappings and sequences.
type Kind uint8

// The kinds of nodes.
const (
	Scalar Kind = iota
	Mapping
	Sequence
)

func (k Kind) String() string {
	switch k {
	case Mapping:
		return "mapping"
	case Sequence:
		return "list"
	}
	return "scalar"
}

// Field is an entry of a mapping; Pos is that of the key.
type Field struct {
	Key  string
	Pos  project.Position
	Node *Node
}

// Get returns the value of a key, or nil; it may be called on nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return n.Fields[i].Node
		}
	}
	return nil
}

// At follows keys down; it returns nil where one is missing.
func (n *Node) At(keys ...string) *Node {
	for _, k := range keys {
		n = n.Get(k)
	}
	return n
}

// Index is the place of a key among the fields, or -1.
func (n *Node) Index(key string) int {
	return slices.IndexFunc(n.Fields, func(f Field) bool { return f.Key == key })
}

// Drop takes a key out.
func (n *Node) Drop(key string) {
	n.Fields = slices.DeleteFunc(slices.Clone(n.Fields), func(f Field) bool { return f.Key == key })
}

// Str is the scalar as a string; ok is false for anything else.
func (n *Node) Str() (s string, ok bool) {
	if n == nil || n.Kind != Scalar {
		return "", false
	}
	s, ok = n.Value.(string)
	return s, ok
}

// IsNull reports whether the node is there and holds nothing.
func (n *Node) IsNull() bool { return n != nil && n.Kind == Scalar && n.Value == nil }

// Data is the node as compose-go takes it.
func (n *Node) Data() any {
	switch n.Kind {
	case Mapping:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			if !f.Node.Bad && !f.Node.Empty && f.Node.Tag != TagReset {
				m[f.Key] = f.Node.Data()
			}
		}
		return m
	case Sequence:
		list := make([]any, 0, len(n.Items))
		for _, item := range n.Items {
			if !item.Bad && item.Tag != TagReset {
				list = append(list, item.Data())
			}
		}
		return list
	}
	return n.Value
}

// The tags of Compose files: without the value of other files, and in its place.
const (
	TagReset    = "!reset"
	TagOverride = "!override"
)

// Place is where a diagnostic about the value points: at a scalar itself, at
// the key of anything larger.
func (f Field) Place() project.Position {
	if f.Node.Kind == Scalar && f.Node.Value != nil {
		return f.Node.Pos
	}
	return f.Pos
}

// positions adds the places of everything below the node.
func (n *Node) positions(into project.Positions, path string) {
	join := func(elem string) string {
		if path == "" {
			return elem
		}
		return project.Path(path, elem)
	}
	for _, f := range n.Fields {
		p := join(f.Key)
		into[p] = f.Place()
		f.Node.positions(into, p)
	}
	for i, item := range n.Items {
		p := join(IndexElem(i))
		into[p] = item.Pos
		item.positions(into, p)
		// A short list names what the resolved model holds as a mapping.
		if s, ok := item.Str(); ok && keyed(path) {
			key, _, _ := strings.Cut(s, "=")
			into[join(key)] = item.Pos
		}
	}
}
