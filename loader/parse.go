package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// parser turns the documents of one file into nodes.
type parser struct {
	ctx     context.Context
	file    string // as shown
	text    []byte
	limits  Limits
	nodes   int  // of the current document, aliases followed
	total   *int // of the load
	follow  map[*yaml.Node]bool
	tripped bool // a limit was hit: the rest of the document is left out
	fail    func(*Error)
	warn    func(Warning)
}

// nodesPerLoad is how many documents of the largest size a load may hold.
const nodesPerLoad = 4

// parseFile returns the documents of a file. Problems are reported; documents
// after a syntax error are missing.
func (l *loader) parseFile(ctx context.Context, file string, text []byte) []*node.Node {
	p := &parser{ctx: ctx, file: shown(file, l.cwd), text: text, limits: l.limits, total: &l.nodes, fail: l.reports.fail, warn: l.reports.warnOnce}
	var docs []*node.Node
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			p.syntaxError(err)
			return docs
		}
		if l.documents++; l.documents > l.limits.Files {
			p.fail(&Error{Pos: p.at(&doc), Msg: fmt.Sprintf("more than %d documents", l.limits.Files)})
			return docs
		}
		p.nodes, p.tripped, p.follow = 0, false, map[*yaml.Node]bool{}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		n := p.convert(doc.Content[0], "", 0)
		if p.tripped {
			continue
		}
		if n.Kind != node.Mapping {
			p.fail(&Error{Pos: n.Pos, Msg: "a Compose file must be a mapping, not a " + n.Kind.String()})
			continue
		}
		docs = append(docs, n)
	}
}

func (p *parser) at(n *yaml.Node) project.Position {
	return project.Position{File: p.file, Line: n.Line, Column: n.Column}
}

// trip reports the first limit that a document exceeds.
func (p *parser) trip(n *yaml.Node, msg string) {
	if !p.tripped {
		p.fail(&Error{Pos: p.at(n), Msg: msg})
	}
	p.tripped = true
}

// convert makes a node of a YAML node, following aliases and merge keys.
func (p *parser) convert(n *yaml.Node, path string, depth int) *node.Node {
	out := &node.Node{Pos: p.at(n)}
	if p.nodes++; p.nodes > p.limits.Nodes {
		p.trip(n, fmt.Sprintf("the document has more than %d elements with its aliases followed", p.limits.Nodes))
	}
	if *p.total++; *p.total > nodesPerLoad*p.limits.Nodes {
		p.trip(n, fmt.Sprintf("the files have more than %d elements together", nodesPerLoad*p.limits.Nodes))
	}
	if depth > p.limits.Depth {
		p.trip(n, fmt.Sprintf("elements are nested more than %d levels deep", p.limits.Depth))
	}
	if p.tripped {
		return out
	}
	p.tag(n, out, path)
	switch n.Kind {
	case yaml.AliasNode:
		if p.follow[n.Alias] {
			p.trip(n, "anchor "+n.Value+" contains itself")
			return out
		}
		p.follow[n.Alias] = true
		defer delete(p.follow, n.Alias)
		return p.convert(n.Alias, path, depth)
	case yaml.MappingNode:
		out.Kind = node.Mapping
		p.mapping(n, out, path, depth)
	case yaml.SequenceNode:
		out.Kind = node.Sequence
		out.Items = make([]*node.Node, 0, len(n.Content))
		for i, item := range n.Content {
			out.Items = append(out.Items, p.convert(item, path+node.IndexElem(i), depth+1))
		}
	default:
		p.scalar(n, out, path)
	}
	return out
}

func (p *parser) mapping(n *yaml.Node, out *node.Node, path string, depth int) {
	out.Fields = make([]node.Field, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key, ok := p.key(k, path)
		if !ok {
			continue
		}
		if k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		if line, dup := seen[key]; dup {
			p.fail(&Error{Pos: p.at(k), Path: node.Dotted(path, key), Msg: fmt.Sprintf("key is already defined at line %d", line)})
			continue
		}
		seen[key] = k.Line
		out.Fields = append(out.Fields, node.Field{Key: key, Pos: p.at(k), Node: p.convert(v, node.Dotted(path, key), depth+1)})
	}
	for _, m := range merges {
		p.merge(m, out, seen, path, depth)
	}
}

func (p *parser) key(k *yaml.Node, path string) (string, bool) {
	for k.Kind == yaml.AliasNode {
		k = k.Alias
	}
	if tag := k.ShortTag(); k.Kind == yaml.ScalarNode && (tag == "!!str" || tag == "!!merge") {
		return k.Value, true
	}
	e := &Error{Pos: p.at(k), Path: path, Msg: "a key must be a string"}
	if k.Kind == yaml.ScalarNode {
		e.Msg += ", this is " + k.Value
		e.Hint = fmt.Sprintf("write %q", k.Value)
	}
	p.fail(e)
	return "", false
}

// merge adds the entries of a merge key that the mapping does not have. Of a
// list of mappings the earlier ones win.
func (p *parser) merge(n *yaml.Node, out *node.Node, seen map[string]int, path string, depth int) {
	from := p.convert(n, path, depth+1)
	sources := []*node.Node{from}
	if from.Kind == node.Sequence {
		sources = from.Items
	}
	for _, source := range sources {
		if source.Kind != node.Mapping {
			if !p.tripped {
				p.fail(&Error{Pos: p.at(n), Path: node.Dotted(path, "<<"), Msg: "a merge key takes a mapping or a list of mappings"})
			}
			continue
		}
		for _, f := range source.Fields {
			if _, has := seen[f.Key]; !has {
				seen[f.Key] = f.Pos.Line
				out.Fields = append(out.Fields, f)
			}
		}
	}
}

func (p *parser) scalar(n *yaml.Node, out *node.Node, path string) {
	out.Text = n.Value
	out.Quoted = n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	out.Plain = n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && !strings.Contains(n.Value, "\n")
	if out.Tag != "" {
		bare := *n
		bare.Tag = ""
		n = &bare
	}
	if n.ShortTag() == "!!str" {
		out.Value = n.Value
		return
	}
	if n.Value == "-0" { // Docker Compose's YAML keeps the sign
		out.Value = math.Copysign(0, -1)
		return
	}
	if err := n.Decode(&out.Value); err != nil {
		p.fail(&Error{Pos: out.Pos, Path: path, Msg: "value cannot be read as " + strings.TrimPrefix(n.ShortTag(), "!!"), Err: err})
	}
}
