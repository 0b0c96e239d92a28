package depgraph

import (
	"container/heap"
	"slices"
)

// invert returns the edges turned around. Since it visits sources in ascending
// order, each resulting list is ascending too.
func invert(edges [][]int) [][]int {
	out := make([][]int, len(edges))
	for from, tos := range edges {
		for _, to := range tos {
			out[to] = append(out[to], from)
		}
	}
	return out
}

// topological returns the nodes so that each follows all it needs, the smallest
// ready node first. Nodes on a cycle, and those that need one, are left out.
func topological(needs, needed [][]int) []int {
	var ready minHeap
	open := make([]int, len(needs)) // needs not yet placed
	for i, n := range needs {
		open[i] = len(n)
		if open[i] == 0 {
			ready = append(ready, i) // ascending, hence already a heap
		}
	}
	order := make([]int, 0, len(needs))
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		order = append(order, i)
		for _, d := range needed[i] {
			if open[d]--; open[d] == 0 {
				heap.Push(&ready, d)
			}
		}
	}
	return order
}

// cycle returns one cycle among the nodes that order, the result of topological,
// had to leave out: smallest node first and again last. Each node left out needs
// another one left out, so following such needs must come back to a node already
// seen, after at most as many steps as there are nodes.
func cycle(needs [][]int, order []int) []int {
	placed := make([]bool, len(needs))
	for _, i := range order {
		placed[i] = true
	}
	leftOut := func(i int) bool { return !placed[i] }
	seenAt := make(map[int]int)
	var path []int
	for at := slices.Index(placed, false); ; {
		if start, ok := seenAt[at]; ok {
			path = path[start:]
			break
		}
		seenAt[at] = len(path)
		path = append(path, at)
		at = needs[at][slices.IndexFunc(needs[at], leftOut)]
	}
	first := slices.Index(path, slices.Min(path))
	rotated := slices.Concat(path[first:], path[:first])
	return append(rotated, rotated[0])
}

// minHeap is a heap of node indices, smallest first, for container/heap.
type minHeap []int

func (h minHeap) Len() int           { return len(h) }
func (h minHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h minHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *minHeap) Push(x any)        { *h = append(*h, x.(int)) }

func (h *minHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
