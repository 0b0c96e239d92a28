package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// builder collects the steps of a plan in any order; plan sorts them.
type Builder struct {
	Steps    []Step
	warnings []string
	Kept     []engine.Ref
	Problems []error
}

// add appends a step and returns its ID. Empty needs are left out, so that
// callers may pass the ID of a step that turned out not to be needed.
func (b *Builder) Add(id StepID, a Action, reason string, needs ...StepID) StepID {
	b.Steps = append(b.Steps, Step{ID: id, Action: a, Reason: reason, Needs: slices.Clone(needs)})
	return id
}

// last is the step added last, to be completed.
func (b *Builder) Last() *Step { return &b.Steps[len(b.Steps)-1] }

// step is the step with that ID, which has been added.
func (b *Builder) Step(id StepID) *Step {
	i := slices.IndexFunc(b.Steps, func(s Step) bool { return s.ID == id })
	return &b.Steps[i]
}

func (b *Builder) Warn(format string, args ...any) {
	b.warnings = append(b.warnings, fmt.Sprintf(format, args...))
}

// warnOnce warns unless it was said already.
func (b *Builder) WarnOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.warnings, text) {
		b.warnings = append(b.warnings, text)
	}
}

// fail notes a reason why there can be no plan; all of them are reported.
func (b *Builder) Fail(pos project.Position, format string, args ...any) {
	b.Problems = append(b.Problems, At(pos, format, args...))
}

// at is an error at a place of a Compose file, if one is known.
func At(pos project.Position, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if pos.IsZero() {
		return err
	}
	return fmt.Errorf("%s: %w", pos, err)
}

// plan sorts the steps so that each comes after all it needs, and drops needs
// that other needs imply.
func (b *Builder) Plan(name string) (Plan, error) {
	if err := errors.Join(b.Problems...); err != nil {
		return Plan{}, err
	}
	p := Plan{Project: name, Steps: b.Steps, Unchanged: b.Kept, Warnings: b.warnings}
	for i := range p.Steps {
		needs := slices.DeleteFunc(p.Steps[i].Needs, func(n StepID) bool { return n == "" })
		slices.Sort(needs)
		p.Steps[i].Needs = slices.Compact(needs)
	}
	g, err := p.Graph()
	if err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", name, err)
	}
	p.Steps = sortSteps(p.Steps, g)
	reduceNeeds(p.Steps)
	slices.SortFunc(p.Unchanged, func(x, y engine.Ref) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
	return p, nil
}

// sortSteps puts every step right after the last step it needs where that is
// possible, and else keeps the order in which the steps were added.
func sortSteps(steps []Step, g *depgraph.Graph[StepID]) []Step {
	at := make(map[StepID]int, len(steps))
	for i, s := range steps {
		at[s.ID] = i
	}
	sorted := make([]Step, 0, len(steps))
	placed := make([]bool, len(steps))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		needs := make([]int, len(steps[i].Needs))
		for j, n := range steps[i].Needs {
			needs[j] = at[n]
		}
		slices.Sort(needs)
		for _, n := range needs {
			place(n)
		}
		sorted = append(sorted, steps[i])
	}
	for i := range steps {
		place(i)
	}
	return sorted
}

// reduceNeeds removes needs that another need has already; steps are sorted.
func reduceNeeds(steps []Step) {
	words := (len(steps) + 63) / 64
	before := make([][]uint64, len(steps)) // everything a step needs, directly or not
	at := make(map[StepID]int, len(steps))
	for i, s := range steps {
		at[s.ID] = i
		before[i] = make([]uint64, words)
		for _, n := range s.Needs {
			for w, bits := range before[at[n]] {
				before[i][w] |= bits
			}
		}
		steps[i].Needs = slices.DeleteFunc(s.Needs, func(n StepID) bool {
			j := at[n]
			return before[i][j/64]&(1<<(j%64)) != 0
		})
		for _, n := range steps[i].Needs {
			j := at[n]
			before[i][j/64] |= 1 << (j % 64)
		}
	}
}

// nameList is "a", "a and b" or "a, b and c".
func NameList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
