package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Draft is a plan that is being made. Its steps are added in any order and need
// each other by handle; Plan sorts them and gives them their IDs.
type Draft struct {
	Notes
	Kept  []engine.Ref // running containers that stay as they are
	steps []*Handle
}

// Handle is a step of a draft, or one that may be added yet: others may need it
// before. The nil Handle is no step, and needing it means nothing.
type Handle struct {
	Destroys  string   // see Step.Destroys
	OnFailure []Action // see Step.OnFailure
	Finish    bool     // see Step.Finish

	of, verb string // make its ID
	action   Action
	reason   string
	needs    []*Handle
	added    bool

	id StepID // these two are given at the end
	at int
}

// Need lets the step wait for others as well.
func (h *Handle) Need(more ...*Handle) {
	if h != nil {
		h.needs = append(h.needs, more...)
	}
}

// Needs are the steps that the step waits for.
func (h *Handle) Needs() []*Handle {
	if h == nil {
		return nil
	}
	return h.needs
}

// Finishes gives the step Finish, and what it needs of the same object: "network n1"
// is removed before it is created.
func (h *Handle) Finishes() {
	if h == nil {
		return
	}
	h.Finish = true
	for _, n := range h.needs {
		if n != nil && n.of == h.of {
			n.Finishes()
		}
	}
}

// Added reports whether the step has been added to its draft.
func (h *Handle) Added() bool { return h != nil && h.added }

// Add appends a step. of and verb name it: "web-1" and "start".
func (d *Draft) Add(of, verb string, a Action, reason string, needs ...*Handle) *Handle {
	return d.Put(&Handle{}, of, verb, a, reason, needs...)
}

// Put appends a step that others may need already.
func (d *Draft) Put(h *Handle, of, verb string, a Action, reason string, needs ...*Handle) *Handle {
	if h == nil {
		h = &Handle{}
	}
	h.of, h.verb, h.action, h.reason, h.needs, h.added = of, verb, a, reason, slices.Concat(h.needs, needs), true
	d.steps = append(d.steps, h)
	return h
}

// Notes are what there is to say about a plan beside its steps.
type Notes struct {
	Warnings []string
	Problems []error // why there can be no plan; all of them are reported
}

// Warn notes a remark that a person should read.
func (n *Notes) Warn(format string, args ...any) {
	n.Warnings = append(n.Warnings, fmt.Sprintf(format, args...))
}

// WarnOnce warns unless it was said already.
func (n *Notes) WarnOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(n.Warnings, text) {
		n.Warnings = append(n.Warnings, text)
	}
}

// Fail notes a reason why there can be no plan.
func (n *Notes) Fail(pos project.Position, format string, args ...any) {
	n.Problems = append(n.Problems, At(pos, format, args...))
}

// At is an error at a place of a Compose file, if one is known.
func At(pos project.Position, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if pos.IsZero() {
		return err
	}
	return fmt.Errorf("%s: %w", pos, err)
}

// Plan sorts the steps so that each comes after all it needs, names them, and
// drops needs that other needs imply.
func (d *Draft) Plan(name string) (Plan, error) {
	if err := errors.Join(d.Problems...); err != nil {
		return Plan{}, err
	}
	p := Plan{Project: name, Unchanged: d.Kept, Warnings: d.Warnings}
	d.name()
	for _, h := range d.steps {
		slices.SortFunc(h.needs, compareHandles)
		h.needs = slices.DeleteFunc(slices.Compact(h.needs), func(n *Handle) bool { return n == nil })
		for _, n := range h.needs {
			if !n.added {
				return Plan{}, fmt.Errorf("plan %s: step %s needs one that was not added", name, h.id)
			}
		}
	}
	sorted := d.sorted()
	needs := reduced(sorted)
	p.Steps = make([]Step, len(sorted))
	for i, h := range sorted {
		p.Steps[i] = Step{ID: h.id, Action: h.action, Reason: h.reason, Destroys: h.Destroys, OnFailure: h.OnFailure, Finish: h.Finish, Needs: needs[i]}
	}
	if slices.ContainsFunc(sorted, func(h *Handle) bool {
		return slices.ContainsFunc(h.needs, func(n *Handle) bool { return n.at >= h.at })
	}) {
		_, err := p.Graph() // says which steps wait for each other
		return Plan{}, fmt.Errorf("plan %s: %w", name, err)
	}
	slices.SortFunc(p.Unchanged, func(x, y engine.Ref) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
	return p, nil
}

// name gives every step an ID of its own. Two containers may have the same
// service and number, as an interrupted run leaves them.
func (d *Draft) name() {
	taken := make(map[StepID]bool, len(d.steps))
	for i, h := range d.steps {
		name := h.of
		if h.verb != "" {
			name += "/" + h.verb
		}
		h.id, h.at = StepID(name), i
		for n := 2; taken[h.id]; n++ {
			h.id = StepID(fmt.Sprintf("%s (%d)", name, n))
		}
		taken[h.id] = true
	}
}

// compareHandles sorts by ID; those without one are nil, or were not added.
func compareHandles(a, b *Handle) int {
	var x, y StepID
	if a != nil {
		x = a.id
	}
	if b != nil {
		y = b.id
	}
	return strings.Compare(string(x), string(y))
}

// sorted puts every step right after the last step it needs where that is
// possible, and else keeps the order in which the steps were added.
func (d *Draft) sorted() []*Handle {
	sorted := make([]*Handle, 0, len(d.steps))
	placed := make([]bool, len(d.steps))
	var place func(h *Handle)
	place = func(h *Handle) {
		if placed[h.at] {
			return
		}
		placed[h.at] = true
		needs := slices.Clone(h.needs)
		slices.SortFunc(needs, func(a, b *Handle) int { return a.at - b.at })
		for _, n := range needs {
			place(n)
		}
		sorted = append(sorted, h)
	}
	for _, h := range d.steps {
		place(h)
	}
	for i, h := range sorted {
		h.at = i
	}
	return sorted
}

// reduced are the IDs of the steps that each of the sorted steps needs, without
// those that another of them needs already.
func reduced(sorted []*Handle) [][]StepID {
	words := (len(sorted) + 63) / 64
	all := make([]uint64, words*len(sorted)) // everything a step needs, directly or not
	reduced := make([][]StepID, len(sorted))
	for i, h := range sorted {
		before := all[i*words : (i+1)*words]
		for _, n := range h.needs {
			for w, bits := range all[n.at*words : (n.at+1)*words] {
				before[w] |= bits
			}
		}
		for _, n := range h.needs {
			if before[n.at/64]&(1<<(n.at%64)) == 0 {
				reduced[i] = append(reduced[i], n.id)
			}
		}
		for _, n := range h.needs {
			before[n.at/64] |= 1 << (n.at % 64)
		}
	}
	return reduced
}

// NameList is "a", "a and b" or "a, b and c".
func NameList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// ShortID is as much of an engine's ID as people are shown.
func ShortID(id string) string { return id[:min(12, len(id))] }
