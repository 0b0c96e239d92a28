package loader

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// mergeNodes lays one tree over another by the rules by which compose-go merges
// maps. Neither is written to. The result is for places only: what a list holds
// twice after merging stays in it.
func mergeNodes(base, over *node, path []string) *node {
	switch {
	case base == nil || base.tag == tagReset:
		return over
	case over == nil || over.isNull():
		return base
	case over.bad && !base.bad:
		spoilt := *base // what should take its place is reported
		spoilt.bad = true
		return &spoilt
	case over.bad:
		return base
	case replaced(path) || base.bad:
		return over
	}
	base, over = longForm(base, path), longForm(over, path)
	switch {
	case base.kind == mapping && over.kind == mapping:
		if otherDriver(base, over, path) {
			return over
		}
		return mergeFields(base, over, path)
	case base.kind == sequence && over.kind == sequence:
		out := *over
		out.items = slices.Concat(base.items, over.items)
		return &out
	}
	return over
}

func mergeFields(base, over *node, path []string) *node {
	out := *base
	out.fields = slices.Clone(base.fields)
	at := make(map[string]int, len(out.fields))
	for i, f := range out.fields {
		at[f.key] = i
	}
	for _, f := range over.fields {
		if f.node.tag == tagReset {
			continue
		}
		i, ok := at[f.key]
		if !ok {
			out.fields = append(out.fields, f)
			continue
		}
		merged := mergeNodes(out.fields[i].node, f.node, append(path, f.key))
		if merged != out.fields[i].node {
			out.fields[i] = field{f.key, keyPlace(out.fields[i], f), merged}
		}
	}
	return &out
}

// keyPlace keeps the first place of what several files add to, and takes the
// last one of what is replaced.
func keyPlace(base, over field) project.Position {
	if over.node.kind == scalar {
		return over.pos
	}
	return base.pos
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
func otherDriver(base, over *node, path []string) bool {
	if len(path) != 3 || path[0] != "services" || path[2] != "logging" {
		return false
	}
	a, hasA := base.get("driver").str()
	b, hasB := over.get("driver").str()
	return hasA && hasB && a != b
}

// longForm turns the short forms that merge with mappings into mappings.
func longForm(n *node, path []string) *node {
	switch {
	case n.kind == sequence && keyedPath(path):
		out := *n
		out.kind, out.items, out.fields = mapping, nil, make([]field, 0, len(n.items))
		at := make(map[string]int, len(n.items))
		for _, item := range n.items {
			text, ok := item.str()
			if !ok {
				continue
			}
			key, _, _ := strings.Cut(text, "=")
			value := *item
			value.short = true
			if i, again := at[key]; again {
				out.fields[i] = field{key, item.pos, &value}
				continue
			}
			at[key] = len(out.fields)
			out.fields = append(out.fields, field{key, item.pos, &value})
		}
		return &out
	case n.kind == scalar && len(path) == 3 && path[0] == "services":
		switch path[2] {
		case "build":
			out := *n
			out.kind, out.value = mapping, nil
			out.fields = []field{{"context", n.pos, n}}
			return &out
		case "dns", "dns_search", "tmpfs", "env_file", "label_file":
			out := *n
			out.kind, out.value, out.items = sequence, nil, []*node{n}
			return &out
		}
	}
	return n
}

// set puts a field in place of the one with its key, or at the end.
func (n *node) set(f field) {
	if i := n.index(f.key); i >= 0 {
		n.fields[i] = f
		return
	}
	n.fields = append(n.fields, f)
}

// resets are the paths of a document that carry !reset or !override.
func (n *node) resets(path []string) [][]string {
	var paths [][]string
	for _, f := range n.fields {
		p := append(slices.Clone(path), f.key)
		if f.node.tag != "" {
			paths = append(paths, p)
		}
		paths = append(paths, f.node.resets(p)...)
	}
	return paths
}

// without is the tree without the path.
func (n *node) without(path []string) *node {
	if n == nil || n.kind != mapping {
		return n
	}
	i := n.index(path[0])
	if i < 0 {
		return n
	}
	out := *n
	out.fields = slices.Clone(n.fields)
	if len(path) == 1 {
		out.fields = slices.Delete(out.fields, i, i+1)
	} else {
		out.fields[i].node = out.fields[i].node.without(path[1:])
	}
	return &out
}

func (n *node) withoutAll(paths [][]string) *node {
	for _, p := range paths {
		n = n.without(p)
	}
	return n
}

// with is the tree with another value at the path, which exists.
func (n *node) with(path []string, value *node) *node {
	if len(path) == 0 {
		return value
	}
	i := n.index(path[0])
	if i < 0 {
		return n
	}
	out := *n
	out.fields = slices.Clone(n.fields)
	out.fields[i].node = out.fields[i].node.with(path[1:], value)
	return &out
}
