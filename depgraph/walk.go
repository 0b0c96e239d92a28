package depgraph

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
)

// Walk visits every node after all that it needs, up to limit of them at the same
// time; limit <= 0 means no limit. With a limit of one the visits follow Order.
//
// Only a visit that returns nil releases its dependents. A failure skips the nodes
// that need the failed one, directly or not, and nothing else. When ctx is
// cancelled no new visit starts; visits already running are handed that same ctx
// and should give up soon. Walk returns when every visit it started has returned,
// so no goroutine outlives it.
//
// The error is nil only if every visit returned nil. Otherwise it joins, in this
// order: context.Cause(ctx) if ctx was cancelled, unless a visit's error is that
// cause already; then by ascending node either the error its visit returned,
// unchanged, or a *SkippedError. A node left unvisited by cancellation alone has
// no error of its own.
//
// A panic in a visit stops new visits and goes on in Walk's caller, as a
// *PanicError, once the running ones have returned; likewise runtime.Goexit.
func (g *Graph[K]) Walk(ctx context.Context, limit int, visit func(context.Context, K) error) error {
	w := g.newWalker(visit)
	for {
		mayStart := w.panicked == nil && !w.exited
		for mayStart && len(w.ready) > 0 && (limit <= 0 || w.running < limit) && ctx.Err() == nil {
			w.start(ctx, heap.Pop(&w.ready).(int))
		}
		if w.running == 0 {
			break
		}
		w.take(<-w.results)
		// What has been reported already must count before anything starts.
		for len(w.results) > 0 {
			w.take(<-w.results)
		}
	}
	if w.panicked != nil {
		panic(w.panicked)
	}
	if w.exited {
		runtime.Goexit()
	}
	return w.result(ctx)
}

// none stands for "no node" where a node index is expected.
const none = -1

// walker is the state of one walk. Only the goroutine that called Walk touches it;
// visits report through results.
type walker[K cmp.Ordered] struct {
	g        *Graph[K]
	visit    func(context.Context, K) error
	results  chan result
	ready    minHeap // released and not started
	open     []int   // per node, how many needs have not succeeded yet
	started  []bool
	errs     []error // per node, what its visit returned
	running  int
	panicked *PanicError
	exited   bool // a visit called runtime.Goexit
}

// result is how one visit ended: with err, or else in a panic or Goexit.
type result struct {
	node     int
	err      error
	panicked *PanicError
	exited   bool
}

func (g *Graph[K]) newWalker(visit func(context.Context, K) error) *walker[K] {
	w := &walker[K]{
		g:       g,
		visit:   visit,
		results: make(chan result, len(g.nodes)),
		open:    make([]int, len(g.nodes)),
		started: make([]bool, len(g.nodes)),
		errs:    make([]error, len(g.nodes)),
	}
	for i, n := range g.needs {
		w.open[i] = len(n)
		if len(n) == 0 {
			w.ready = append(w.ready, i) // ascending, hence already a heap
		}
	}
	return w
}

// start runs the visit of node i in a goroutine of its own.
func (w *walker[K]) start(ctx context.Context, i int) {
	w.started[i] = true
	w.running++
	go func() {
		r := result{node: i, exited: true} // what holds if visit never returns
		defer func() {
			if r.exited {
				// A nil value is Goexit: since Go 1.21 panic(nil) recovers as an error.
				if v := recover(); v != nil {
					r = result{node: i, panicked: &PanicError{Value: v, Stack: debug.Stack()}}
				}
			}
			w.results <- r
		}()
		err := w.visit(ctx, w.g.nodes[i])
		r = result{node: i, err: err}
	}()
}

// take notes how a visit ended and, after success, releases dependents.
func (w *walker[K]) take(r result) {
	w.running--
	switch {
	case r.panicked != nil:
		if w.panicked == nil {
			w.panicked = r.panicked
		}
	case r.exited:
		w.exited = true
	case r.err != nil:
		w.errs[r.node] = r.err
	default:
		for _, d := range w.g.needed[r.node] {
			if w.open[d]--; w.open[d] == 0 {
				heap.Push(&w.ready, d)
			}
		}
	}
}

// result joins what the walk has to report; see Walk. Blame is fixed here and not
// while walking, so that it does not depend on which failure came first.
func (w *walker[K]) result(ctx context.Context) error {
	cancelled := ctx.Err() != nil
	blame := make([]int, len(w.g.nodes)) // the smallest failed node among i and its needs
	complete := true
	for _, i := range w.g.order {
		blame[i] = none
		if w.errs[i] != nil {
			blame[i] = i
		}
		for _, n := range w.g.needs[i] {
			if b := blame[n]; b != none && (blame[i] == none || b < blame[i]) {
				blame[i] = b
			}
		}
		complete = complete && w.started[i] && w.errs[i] == nil
	}
	if complete {
		return nil
	}
	var errs []error
	for i, k := range w.g.nodes {
		switch {
		case w.errs[i] != nil:
			errs = append(errs, w.errs[i])
		case w.started[i]:
		case blame[i] != none:
			errs = append(errs, &SkippedError[K]{Node: k, Because: w.g.nodes[blame[i]]})
		}
	}
	if cause := context.Cause(ctx); cancelled && !errors.Is(errors.Join(errs...), cause) {
		errs = append([]error{cause}, errs...)
	}
	return errors.Join(errs...)
}
