// Package depgraph keeps "who needs whom" as an immutable directed acyclic
// graph, and walks it in parallel.
//
// It promises determinism: equal input gives equal nodes, orders, errors and,
// with a limit of one, equal walks, however the input map was built. A Graph
// never changes after New, so any number of goroutines may read and walk it. The
// package knows nothing of services or containers and imports only the standard
// library.
package depgraph

import (
	"cmp"
	"maps"
	"slices"
)

// Graph is a directed acyclic graph over nodes of type K. Make one with New.
type Graph[K cmp.Ordered] struct {
	nodes   []K       // ascending; a node is known inside by its index here
	needs   [][]int   // needs[i]: what node i needs, ascending
	needed  [][]int   // needed[i]: who needs node i, ascending
	order   []int     // needs before their dependents, smallest ready node first
	indices map[K]int // the inverse of nodes
}

// New makes the graph in which each key of needs is a node that needs the nodes
// listed for it. Listing a need twice is the same as once. The map and its slices
// are copied.
//
// A needed node must be a key itself, be it with no needs of its own: a
// misspelt need is an *UnknownError here rather than a node that nobody meant.
// Needs that run in a circle are a *CycleError. Both name the same nodes however
// the map was built. The cost is O(nodes·log nodes + edges·log edges).
func New[K cmp.Ordered](needs map[K][]K) (*Graph[K], error) {
	nodes := slices.Sorted(maps.Keys(needs))
	g := &Graph[K]{nodes: nodes, needs: make([][]int, len(nodes)), indices: make(map[K]int, len(nodes))}
	for i, k := range nodes {
		g.indices[k] = i
	}
	for i, k := range nodes {
		list := slices.Clone(needs[k])
		slices.Sort(list)
		for _, n := range slices.Compact(list) {
			j, ok := g.indices[n]
			if !ok {
				return nil, &UnknownError[K]{Node: k, Need: n}
			}
			g.needs[i] = append(g.needs[i], j)
		}
	}
	g.needed = invert(g.needs)
	g.order = topological(g.needs, g.needed)
	if len(g.order) < len(g.nodes) {
		return nil, &CycleError[K]{Path: g.keys(cycle(g.needs, g.order))}
	}
	return g, nil
}

// Len returns the number of nodes.
func (g *Graph[K]) Len() int { return len(g.nodes) }

// Has reports whether k is a node.
func (g *Graph[K]) Has(k K) bool {
	_, ok := g.indices[k]
	return ok
}

// Nodes returns every node in ascending order.
func (g *Graph[K]) Nodes() []K { return slices.Clone(g.nodes) }

// Needs returns, in ascending order, the nodes that k needs directly. It is empty
// when k needs nothing or is not a node.
func (g *Graph[K]) Needs(k K) []K { return g.neighbours(g.needs, k) }

// Dependents returns, in ascending order, the nodes that need k directly. It is
// empty when nobody needs k or k is not a node.
func (g *Graph[K]) Dependents(k K) []K { return g.neighbours(g.needed, k) }

// Order returns every node after all that it needs; among nodes that could come
// next, the smallest comes first.
func (g *Graph[K]) Order() []K { return g.keys(g.order) }

// Levels returns the nodes in layers: layer 0 needs nothing, and each other node
// is one layer above the highest node it needs. Each layer is ascending.
func (g *Graph[K]) Levels() [][]K {
	level := make([]int, len(g.nodes))
	height := 0
	for _, i := range g.order {
		for _, n := range g.needs[i] {
			level[i] = max(level[i], level[n]+1)
		}
		height = max(height, level[i]+1)
	}
	layers := make([][]K, height)
	for i, l := range level {
		layers[l] = append(layers[l], g.nodes[i])
	}
	return layers
}

// Reverse returns the graph in which a needs b wherever b needs a in g: the order
// in which to take down what g's order put up.
func (g *Graph[K]) Reverse() *Graph[K] {
	// Nodes and indices never change, so the two graphs share them.
	return &Graph[K]{
		nodes:   g.nodes,
		needs:   g.needed,
		needed:  g.needs,
		order:   topological(g.needed, g.needs),
		indices: g.indices,
	}
}

// Closure returns the part of the graph made of the roots and everything they
// need, directly or not. A root that is not a node adds nothing; callers that
// take roots from people check them with Has first.
func (g *Graph[K]) Closure(roots ...K) *Graph[K] {
	keep := make([]bool, len(g.nodes))
	var todo []int
	reach := func(i int) {
		if !keep[i] {
			keep[i] = true
			todo = append(todo, i)
		}
	}
	for _, r := range roots {
		if i, ok := g.indices[r]; ok {
			reach(i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range g.needs[i] {
			reach(n)
		}
	}
	return g.subgraph(keep)
}

// subgraph returns the nodes marked in keep, which must be closed under needs.
func (g *Graph[K]) subgraph(keep []bool) *Graph[K] {
	sub := &Graph[K]{indices: make(map[K]int)}
	moved := make([]int, len(g.nodes))
	for i, k := range g.nodes {
		if keep[i] {
			moved[i] = len(sub.nodes)
			sub.indices[k] = len(sub.nodes)
			sub.nodes = append(sub.nodes, k)
		}
	}
	sub.needs = make([][]int, len(sub.nodes))
	for i := range g.nodes {
		if !keep[i] {
			continue
		}
		for _, n := range g.needs[i] {
			sub.needs[moved[i]] = append(sub.needs[moved[i]], moved[n])
		}
	}
	sub.needed = invert(sub.needs)
	sub.order = topological(sub.needs, sub.needed)
	return sub
}

// neighbours returns the keys that edges holds for k.
func (g *Graph[K]) neighbours(edges [][]int, k K) []K {
	i, ok := g.indices[k]
	if !ok {
		return nil
	}
	return g.keys(edges[i])
}

// keys translates indices to nodes.
func (g *Graph[K]) keys(indices []int) []K {
	ks := make([]K, len(indices))
	for n, i := range indices {
		ks[n] = g.nodes[i]
	}
	return ks
}
