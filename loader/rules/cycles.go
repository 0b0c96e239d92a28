package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/depgraph"
)

// dependencyCycles reports services that depend on each other, each cycle at one of its
// dependencies, which is taken out of the model: services that have nothing to
// do with it have an order, and whoever needs one of the cycle needs all of it.
func dependencyCycles(a *At) {
	needs := map[string][]string{}
	for name, spec := range a.run.p.Model.Services {
		needs[name] = nil
		for _, dependency := range sortedKeys(spec.DependsOn) {
			if _, active := a.run.p.Model.Services[dependency]; active {
				needs[name] = append(needs[name], dependency)
			}
		}
	}
	for _, cycle := range cycles(needs) {
		var steps []string
		for i, from := range cycle[:len(cycle)-1] {
			at := a.edge(from, cycle[i+1])
			steps = append(steps, fmt.Sprintf("%s needs %s (%s)", from, cycle[i+1], a.run.p.Positions.Of(at...)))
		}
		a.model("services depend on each other: "+strings.Join(steps, ", "), "", a.edge(cycle[0], cycle[1])...)
		a.cut(cycle[0], cycle[1])
	}
	for _, e := range backEdges(needs) { // what is left of very many
		a.model(fmt.Sprintf("needs service %s, which needs it in turn", e[1]), "", a.edge(e[0], e[1])...)
		a.cut(e[0], e[1])
	}
}

// cut takes a dependency out of the model.
func (a *At) cut(name, dependency string) {
	spec := a.run.p.Model.Services[name]
	spec.DependsOn = maps.Clone(spec.DependsOn)
	delete(spec.DependsOn, dependency)
	a.run.p.Model.Services[name] = spec
}

// cycles are the dependency cycles of the active services, at most a few: each
// is cut, at its first dependency, before the next is looked for.
func cycles(needs map[string][]string) [][]string {
	var found [][]string
	for range maxCycles {
		_, err := depgraph.New(needs)
		cycle, ok := err.(*depgraph.CycleError[string])
		if !ok || len(cycle.Path) < 2 {
			return found
		}
		found = append(found, cycle.Path)
		from, to := cycle.Path[0], cycle.Path[1]
		needs[from] = slices.DeleteFunc(slices.Clone(needs[from]), func(n string) bool { return n == to })
	}
	return found
}

const maxCycles = 20

// backEdges are dependencies without which there is no cycle.
func backEdges(needs map[string][]string) (edges [][2]string) {
	const under, done = 1, 2
	state := make(map[string]int, len(needs))
	var visit func(name string)
	visit = func(name string) {
		state[name] = under
		for _, n := range needs[name] {
			switch state[n] {
			case 0:
				visit(n)
			case under:
				edges = append(edges, [2]string{name, n})
			}
		}
		state[name] = done
	}
	for _, name := range sortedKeys(needs) {
		if state[name] == 0 {
			visit(name)
		}
	}
	return edges
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
