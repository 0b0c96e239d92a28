package rules

import (
	"strings"

	"github.com/musterdev/muster/loader/node"
)

// trie has the rules by the places where they apply, so that a tree is walked
// once, and only where there is a rule.
type trie struct {
	next  map[string]*trie
	rules []applied
}

// applied is a rule with the place by which it applies.
type applied struct {
	rule *Rule
	on   string
}

func (t *trie) add(rule *Rule) {
	if rule.Check == nil {
		return
	}
	for _, on := range rule.On {
		at := t
		for _, elem := range elemsOf(on) {
			if at.next == nil {
				at.next = map[string]*trie{}
			}
			if at.next[elem] == nil {
				at.next[elem] = &trie{}
			}
			at = at.next[elem]
		}
		at.rules = append(at.rules, applied{rule, on})
	}
}

// elemsOf are the elements of a place as it stands in the table.
func elemsOf(on string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(on, "[]", ".[]"), func(r rune) bool { return r == '.' })
}

// child follows a key or an item; it may be called on nil and return nil.
func (t *trie) child(elem string) *trie {
	if t == nil {
		return nil
	}
	if next := t.next[elem]; next != nil || elem == "[]" {
		return next
	}
	return t.next["*"]
}

// check has the rules of the place itself checked.
func (t *trie) check(a *At) {
	if t == nil {
		return
	}
	for _, applied := range t.rules {
		if a.run.declared && applied.rule.AppliesTo != Declared {
			continue
		}
		if a.run.p == nil && a.Node.Bad {
			return // it has been rejected
		}
		a.rule, a.On = applied.rule, applied.on
		applied.rule.Check(a)
	}
}

// visit has the rules of the place and of all below it checked. Of a single
// document what is empty or has been rejected is passed over.
func (t *trie) visit(a *At) {
	alone := a.run.p == nil
	if t.check(a); t == nil || len(t.next) == 0 || a.Node == nil || alone && a.Node.Bad {
		return
	}
	switch a.Node.Kind {
	case node.Mapping:
		for _, f := range a.Node.Fields {
			if below := t.child(f.Key); below != nil && !(alone && (f.Node.Bad || f.Node.IsNull())) {
				below.visit(a.child(f.Key, f.Node, f.Pos))
			}
		}
	case node.Sequence:
		below := t.child("[]")
		if below == nil {
			return
		}
		for i, item := range a.Node.Items {
			if !alone || !item.Bad {
				below.visit(a.child(node.IndexElem(i), item, item.Pos))
			}
		}
	default:
		if below := t.child("[]"); below != nil && alone {
			below.check(a)
		}
	}
}
