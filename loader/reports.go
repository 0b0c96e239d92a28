package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/rules"
)

// reports are the problems of one load, and what they are about.
type reports struct {
	order    map[string]int // files as shown, in the order of reading
	errs     Errors
	said     map[node.Owner]int // how many errors are reported of a part
	unsaid   map[node.Owner]int // and how many are not
	parts    []node.Owner       // with errors, in the order of their first
	warnings []Warning

	at    node.Owner                  // whose part of the files is looked at
	bases map[node.Owner][]node.Owner // what services extend
}

func newReports() reports {
	return reports{order: map[string]int{}, said: map[node.Owner]int{}, unsaid: map[node.Owner]int{}, bases: map[node.Owner][]node.Owner{}}
}

// maxReports is how many errors, and how many warnings, are worth reading.
const maxReports = 500

// fail notes a problem: of the part that is looked at unless it names another.
// Something is said about every part that has one.
func (r *reports) fail(e *Error) {
	if e.of == (node.Owner{}) {
		e.of = r.at
	}
	part := e.of.Part()
	if r.said[part] > 0 && len(r.errs) >= maxReports {
		r.unsaid[part]++
		return
	}
	if r.said[part]++; r.said[part] == 1 {
		r.parts = append(r.parts, part)
	}
	r.errs = append(r.errs, e)
}

func (r *reports) warn(w Warning) {
	if len(r.warnings) < maxReports {
		r.warnings = append(r.warnings, w)
	}
}

// warnOnce is warn for what is seen several times, as behind an alias.
func (r *reports) warnOnce(w Warning) {
	if !slices.ContainsFunc(r.warnings, func(said Warning) bool { return said.Pos == w.Pos && said.Msg == w.Msg }) {
		r.warn(w)
	}
}

// found takes what breaks a rule.
func (r *reports) found(f rules.Finding) {
	if f.Severity == rules.Warned {
		r.warn(Warning{Rule: f.Rule, Pos: f.Pos, Path: f.Path, Msg: f.Msg, Hint: f.Hint})
		return
	}
	r.fail(&Error{
		Rule: f.Rule, Pos: f.Pos, Path: f.Path, Msg: f.Msg, Hint: f.Hint,
		of: f.Of, with: f.With, shown: f.Severity == rules.Refused, node: f.Node,
	})
}

// of calls f with problems that name no owner being those of o.
func (r *reports) of(o node.Owner, f func()) {
	outer := r.at
	r.at = o
	defer func() { r.at = outer }()
	f()
}

// spoilt reports whether a problem makes the files useless as a whole.
func (r *reports) spoilt() bool {
	return slices.ContainsFunc(r.errs, func(e *Error) bool {
		return e.of.Scope == "" && e.of.Name == "" && !strings.HasPrefix(e.of.Section, "x-")
	})
}

// all are the errors, sorted, each said once.
func (r *reports) all() Errors {
	r.errs = sortErrors(r.order, r.errs)
	all := slices.CompactFunc(slices.Clone(r.errs), same)
	unsaid := 0
	for _, n := range r.unsaid {
		unsaid += n
	}
	if unsaid == 0 {
		return all
	}
	return append(all, &Error{Msg: fmt.Sprintf("%d more problems are not shown", unsaid)})
}
