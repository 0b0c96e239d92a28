package rules

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// At is a place that a rule is about, while it is checked.
type At struct {
	Node *node.Node       // nil if only the model has it
	Key  project.Position // that of the key; items of lists have none
	// On is the place in the rule by which it is looked at.
	On string

	rule   *Rule
	run    *run
	parent *At
	elem   string // the key, or the index in brackets
}

func (a *At) child(elem string, n *node.Node, key project.Position) *At {
	return &At{Node: n, Key: key, run: a.run, parent: a, elem: elem}
}

// elems are the keys and indices that lead to the place.
func (a *At) elems() []string {
	if a.parent == nil {
		return nil
	}
	return append(a.parent.elems(), a.elem)
}

// Path is the place for people: services.web.ports[0].
func (a *At) Path() string {
	switch {
	case a.parent == nil:
		return ""
	case strings.HasPrefix(a.elem, "[") && a.parent.Node != nil && a.parent.Node.Kind == node.Sequence:
		return a.parent.Path() + a.elem
	}
	return node.Dotted(a.parent.Path(), a.elem)
}

// owner is the part of the files that the place belongs to.
func (a *At) owner() node.Owner {
	if a.parent == nil {
		return a.run.of
	}
	return a.parent.owner().Within(a.elem)
}

// Text is the string of a scalar that can be checked now.
func (a *At) Text() (string, bool) { return a.run.text(a.Node) }

// Report says what is wrong with the value.
func (a *At) Report(msg string) { a.Hint(msg, a.rule.Fix) }

// Hint is Report for a check that knows what to do about it.
func (a *At) Hint(msg, hint string) { a.about(a.Node, a.Path(), msg, hint) }

// about reports a value at the place or below it.
func (a *At) about(n *node.Node, path, msg, hint string) {
	switch a.rule.Severity {
	case Rejected:
		n.Bad = true
	case Refused:
		n.Refused = true
	}
	a.tell(Finding{Pos: n.Pos, Path: path, Msg: msg, Hint: hint, Node: n})
}

// point reports another place than that of a value, such as a key's.
func (a *At) point(pos project.Position, path, msg, hint string) {
	a.tell(Finding{Pos: pos, Path: path, Msg: msg, Hint: hint})
}

// field reports a key below the place.
func (a *At) field(f node.Field, msg string) {
	a.point(f.Pos, node.Dotted(a.Path(), f.Key), msg, a.rule.Fix)
}

// idle says that the key at the place has no effect.
func (a *At) idle(msg string) {
	if !a.Node.Bad && !a.Node.Refused {
		a.point(a.Key, a.Path(), msg, a.rule.Fix)
	}
}

// model reports the element of the resolved model that the elements lead to.
func (a *At) model(msg, hint string, elems ...string) {
	a.tell(Finding{Of: ownerOf(elems), Pos: a.run.p.Positions.Of(elems...), Path: node.Readable(elems), Msg: msg, Hint: hint})
}

func ownerOf(elems []string) (o node.Owner) {
	for _, elem := range elems {
		o = o.Within(elem)
	}
	return o
}

func (a *At) tell(f Finding) {
	f.Rule, f.Severity = a.rule.ID, a.rule.Severity
	if f.Of == (node.Owner{}) {
		f.Of = a.owner()
	}
	a.run.Tell(f)
}

// spec is the service that the place belongs to, as resolved.
func (a *At) spec() types.ServiceConfig { return a.run.spec }

// name is that of the service or resource that the place belongs to.
func (a *At) name() string { return a.elems()[1] }

// of is the path to something of the service.
func (a *At) of(elems ...string) []string { return append([]string{"services", a.name()}, elems...) }

// has reports whether the service has the attribute in any file, usable or not,
// and none takes it away.
func (a *At) has(keys ...string) bool {
	n := a.run.p.Tree.At("services", a.name()).At(keys...)
	return n != nil && n.Tag != node.TagReset
}
