package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// Settings are what the rules of one load depend on.
type Settings struct {
	Variables bool                   // variables are kept as they are written: what has one is not checked
	Ports     int                    // how many a service may publish
	Declared  func(name string) bool // whether the files declare a volume of one letter
	Tell      func(Finding)          // is told what breaks a rule
}

// Project is what the files make together.
type Project struct {
	Tree      *node.Node
	Model     *types.Project
	Positions project.Positions
	Stubs     map[string]bool // services that are nothing but a name: what is wrong with them has been said
}

// Checker checks the rules of the table.
type Checker struct {
	Settings
	document, errors, warnings *trie
}

// NewChecker is a checker for one load.
func NewChecker(s Settings) *Checker {
	c := &Checker{Settings: s, document: &trie{}, errors: &trie{}, warnings: &trie{}}
	table := Table()
	for i := range table {
		switch rule := &table[i]; {
		case rule.AppliesTo == Document:
			c.document.add(rule)
		case rule.Severity == Warned:
			c.warnings.add(rule)
		default:
			c.errors.add(rule)
		}
	}
	return c
}

// run is one look at a document or at the whole.
type run struct {
	*Checker
	of   node.Owner          // the part of the files that all of it belongs to
	p    *Project            // nil for a document
	spec types.ServiceConfig // the service that is looked at
	// declared says that what needs an active service is left out.
	declared bool
	said     map[project.Position]bool // see once
	used     map[[2]string]bool        // see uses
}

// text is the string of a scalar that can be checked now.
func (r *run) text(n *node.Node) (string, bool) {
	text, ok := n.Str()
	if !ok || n.Bad || r.Variables && strings.Contains(text, "$") {
		return "", false
	}
	return text, true
}

// Document checks a document by itself, and marks what is rejected or refused. of
// is the part of the files that it is.
func (c *Checker) Document(doc *node.Node, of node.Owner) {
	root := &At{Node: doc, run: &run{Checker: c, of: of}}
	for _, f := range doc.Fields {
		section := c.document.child(f.Key)
		if section == nil || f.Node.Kind != node.Mapping {
			continue
		}
		at := root.child(f.Key, f.Node, f.Pos)
		for _, e := range f.Node.Fields {
			if below := section.child(e.Key); below != nil && e.Node.Kind == node.Mapping && !e.Node.Bad {
				below.visit(at.child(e.Key, e.Node, e.Pos))
			}
		}
	}
}

// Errors checks the merged files for what cannot be, by the names of services.
func (c *Checker) Errors(p Project) {
	r := &run{Checker: c, p: &p}
	root := &At{Node: p.Tree, run: r}
	services := root.child("services", p.Tree.Get("services"), project.Position{})
	each := func(all types.Services) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !p.Stubs[name] {
				r.spec = all[name]
				c.errors.child("services").child(name).visit(services.child(name, services.Node.Get(name), project.Position{}))
			}
		}
	}
	each(p.Model.Services)
	r.declared = true
	each(p.Model.DisabledServices)
	r.declared = false
	c.errors.child("services").check(services)
	for _, f := range p.Tree.Fields {
		if below := c.errors.child(f.Key); below != nil && f.Key != "services" {
			below.visit(root.child(f.Key, f.Node, f.Pos))
		}
	}
}

// Warnings checks the merged files for what has no effect, or another one than
// it may seem.
func (c *Checker) Warnings(p Project) {
	r := &run{Checker: c, p: &p, said: map[project.Position]bool{}}
	root := &At{Node: p.Tree, run: r}
	c.warnings.check(root)
	for _, f := range p.Tree.Fields {
		below := c.warnings.child(f.Key)
		if below == nil {
			continue
		}
		at := root.child(f.Key, f.Node, f.Pos)
		for _, e := range f.Node.Fields {
			if f.Key == "services" {
				spec, active := p.Model.Services[e.Key]
				r.spec, r.declared = spec, !active
			}
			below.child(e.Key).visit(at.child(e.Key, e.Node, e.Pos))
		}
		r.declared = false
	}
}
