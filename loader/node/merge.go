package node

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// Merge lays one tree over another by the rules by which compose-go merges
// maps. Neither is written to. The result is for places only: what a list holds
// twice after merging stays in it.
func Merge(base, over *Node, path []string) *Node {
	switch {
	case base == nil || base.Tag == TagReset:
		return over
	case over == nil || over.IsNull():
		return base
	case over.Bad && !base.Bad:
		spoilt := *base // what should take its place is reported
		spoilt.Bad = true
		return &spoilt
	case over.Bad:
		return base
	case replaced(path) || base.Bad:
		return over
	}
	base, over = longForm(base, path), longForm(over, path)
	switch {
	case base.Kind == Mapping && over.Kind == Mapping:
		if otherDriver(base, over, path) {
			return over
		}
		return mergeFields(base, over, path)
	case base.Kind == Sequence && over.Kind == Sequence:
		out := *over
		out.Items = slices.Concat(base.Items, over.Items)
		return &out
	}
	return over
}

func mergeFields(base, over *Node, path []string) *Node {
	out := *base
	out.Fields = slices.Clone(base.Fields)
	at := make(map[string]int, len(out.Fields))
	for i, f := range out.Fields {
		at[f.Key] = i
	}
	for _, f := range over.Fields {
		if f.Node.Tag == TagReset {
			continue
		}
		i, ok := at[f.Key]
		if !ok {
			out.Fields = append(out.Fields, f)
			continue
		}
		merged := Merge(out.Fields[i].Node, f.Node, append(path, f.Key))
		if merged != out.Fields[i].Node {
			out.Fields[i] = Field{f.Key, keyPlace(out.Fields[i], f), merged}
		}
	}
	return &out
}

// keyPlace keeps the first place of what several files add to, and takes the
// last one of what is replaced.
func keyPlace(base, over Field) project.Position {
	if over.Node.Kind == Scalar {
		return over.Pos
	}
	return base.Pos
}

// replaced reports whether an override takes the place of the whole value.
func replaced(path []string) bool {
	if len(path) < 3 || path[0] != "services" {
		return false
	}
	switch rest := strings.Join(path[2:], "."); rest {
	case "command", "entrypoint", "healthcheck.test":
		return true
	default:
		return len(path) == 4 && path[2] == "ulimits"
	}
}

// otherDriver reports whether two logging sections exclude each other.
func otherDriver(base, over *Node, path []string) bool {
	if len(path) != 3 || path[0] != "services" || path[2] != "logging" {
		return false
	}
	a, hasA := base.Get("driver").Str()
	b, hasB := over.Get("driver").Str()
	return hasA && hasB && a != b
}

// longForm turns the short forms that merge with mappings into mappings.
func longForm(n *Node, path []string) *Node {
	switch {
	case n.Kind == Sequence && keyedPath(path):
		out := *n
		out.Kind, out.Items, out.Fields = Mapping, nil, make([]Field, 0, len(n.Items))
		at := make(map[string]int, len(n.Items))
		for _, item := range n.Items {
			text, ok := item.Str()
			if !ok {
				continue
			}
			key, _, _ := strings.Cut(text, "=")
			value := *item
			value.Short = true
			if i, again := at[key]; again {
				out.Fields[i] = Field{key, item.Pos, &value}
				continue
			}
			at[key] = len(out.Fields)
			out.Fields = append(out.Fields, Field{key, item.Pos, &value})
		}
		return &out
	case n.Kind == Scalar && len(path) == 3 && path[0] == "services":
		switch path[2] {
		case "build":
			out := *n
			out.Kind, out.Value = Mapping, nil
			out.Fields = []Field{{"context", n.Pos, n}}
			return &out
		case "dns", "dns_search", "tmpfs", "env_file", "label_file":
			out := *n
			out.Kind, out.Value, out.Items = Sequence, nil, []*Node{n}
			return &out
		}
	}
	return n
}

// Set puts a field in place of the one with its key, or at the end.
func (n *Node) Set(f Field) {
	if i := n.Index(f.Key); i >= 0 {
		n.Fields[i] = f
		return
	}
	n.Fields = append(n.Fields, f)
}

// Resets are the paths of a document that carry !reset or !override.
func (n *Node) Resets(path []string) [][]string {
	var paths [][]string
	for _, f := range n.Fields {
		p := append(slices.Clone(path), f.Key)
		if f.Node.Tag != "" {
			paths = append(paths, p)
		}
		paths = append(paths, f.Node.Resets(p)...)
	}
	return paths
}

// Without is the tree without the path.
func (n *Node) Without(path []string) *Node {
	if n == nil || n.Kind != Mapping {
		return n
	}
	i := n.Index(path[0])
	if i < 0 {
		return n
	}
	out := *n
	out.Fields = slices.Clone(n.Fields)
	if len(path) == 1 {
		out.Fields = slices.Delete(out.Fields, i, i+1)
	} else {
		out.Fields[i].Node = out.Fields[i].Node.Without(path[1:])
	}
	return &out
}

// WithoutAll is the tree without the paths.
func (n *Node) WithoutAll(paths [][]string) *Node {
	for _, p := range paths {
		n = n.Without(p)
	}
	return n
}

// With is the tree with another value at the path, which exists.
func (n *Node) With(path []string, value *Node) *Node {
	if len(path) == 0 {
		return value
	}
	i := n.Index(path[0])
	if i < 0 {
		return n
	}
	out := *n
	out.Fields = slices.Clone(n.Fields)
	out.Fields[i].Node = out.Fields[i].Node.With(path[1:], value)
	return &out
}
