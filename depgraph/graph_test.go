package depgraph_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"

	"github.com/musterdev/muster/depgraph"
	"pgregory.net/rapid"
)

// needs is how tests write a graph.
type needs = map[string][]string

func mustNew(t *testing.T, n needs) *depgraph.Graph[string] {
	t.Helper()
	g, err := depgraph.New(n)
	if err != nil {
		t.Fatalf("New(%v): %v", n, err)
	}
	return g
}

// stack is a small application: web and worker on top of cache and db.
var stack = needs{
	"web":    {"cache", "db", "db"},
	"worker": {"db"},
	"cache":  {},
	"db":     {"volume"},
	"volume": nil,
	"alone":  nil,
}

func TestViews(t *testing.T) {
	g := mustNew(t, stack)
	reversed := g.Reverse()
	for _, tt := range []struct {
		name string
		got  any
		want string
	}{
		{"nodes", g.Nodes(), "[alone cache db volume web worker]"},
		{"order", g.Order(), "[alone cache volume db web worker]"},
		{"levels", g.Levels(), "[[alone cache volume] [db] [web worker]]"},
		{"needs, each once", g.Needs("web"), "[cache db]"},
		{"no needs", g.Needs("alone"), "[]"},
		{"needs of a stranger", g.Needs("nobody"), "[]"},
		{"dependents", g.Dependents("db"), "[web worker]"},
		{"has", []bool{g.Has("db"), g.Has("nobody")}, "[true false]"},
		{"reverse order", reversed.Order(), "[alone web cache worker db volume]"},
		{"reverse needs", reversed.Needs("db"), "[web worker]"},
		{"reverse twice", reversed.Reverse().Order(), "[alone cache volume db web worker]"},
		{"closure", g.Closure("worker").Order(), "[volume db worker]"},
		{"closure keeps edges", g.Closure("worker").Needs("worker"), "[db]"},
		{"closure drops other dependents", g.Closure("worker").Dependents("db"), "[worker]"},
		{"closure of two", g.Closure("worker", "alone", "worker").Nodes(), "[alone db volume worker]"},
		{"closure of a stranger", g.Closure("nobody").Len(), "0"},
		{"closure of nothing", g.Closure().Nodes(), "[]"},
		{"closure of the reverse", reversed.Closure("db").Nodes(), "[db web worker]"},
		{"empty", mustNew(t, nil).Order(), "[]"},
		{"empty levels", mustNew(t, nil).Levels(), "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(tt.got); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestResultsAreCopies(t *testing.T) {
	in := needs{"a": {"c", "b"}, "b": nil, "c": nil}
	g := mustNew(t, in)
	in["a"][0] = "a"
	in["d"] = nil
	for _, s := range [][]string{g.Nodes(), g.Order(), g.Needs("a"), g.Dependents("b"), g.Levels()[0]} {
		s[0] = "changed"
	}
	if got := fmt.Sprint(g.Nodes(), g.Order(), g.Needs("a"), g.Dependents("b"), g.Levels()); got != "[a b c] [b c a] [b c] [a] [[b c] [a]]" {
		t.Errorf("graph changed from outside: %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   needs
		want string
	}{
		{"itself", needs{"a": {"a"}}, "dependency cycle: a → a"},
		{"two", needs{"b": {"a"}, "a": {"b"}}, "dependency cycle: a → b → a"},
		{"smallest first", needs{"z": {"m"}, "m": {"y"}, "y": {"z"}}, "dependency cycle: m → y → z → m"},
		{"only the circle", needs{"a": {"c"}, "c": {"d"}, "d": {"c", "e"}, "e": nil}, "dependency cycle: c → d → c"},
		{"behind and beside it", needs{"a": nil, "b": {"a", "x"}, "x": {"a", "y"}, "y": {"x"}}, "dependency cycle: x → y → x"},
		{"unknown", needs{"web": {"db"}}, "web needs db, which does not exist"},
		{"first unknown", needs{"b": {"nope"}, "a": {"z", "y"}}, "a needs y, which does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := depgraph.New(tt.in)
			if err == nil || err.Error() != tt.want {
				t.Errorf("New: %v, %v; want error %q", g, err, tt.want)
			}
		})
	}
}

func TestErrorTypes(t *testing.T) {
	_, err := depgraph.New(needs{"b": {"a"}, "a": {"b"}})
	var cycle *depgraph.CycleError[string]
	if !errors.As(err, &cycle) || !slices.Equal(cycle.Path, []string{"a", "b", "a"}) {
		t.Errorf("%#v is not the cycle a → b → a", err)
	}
	_, err = depgraph.New(map[int][]int{7: {9}})
	var unknown *depgraph.UnknownError[int]
	if !errors.As(err, &unknown) || *unknown != (depgraph.UnknownError[int]{Node: 7, Need: 9}) {
		t.Errorf("%#v is not the unknown need 7 → 9", err)
	}
}

// acyclic draws a graph in which a node needs only nodes before it in some random
// order of names.
func acyclic(t *rapid.T) needs {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,2}`), 0, 12, rapid.ID).Draw(t, "names")
	n := needs{}
	for i, name := range names {
		n[name] = nil
		if i > 0 {
			n[name] = rapid.SliceOfN(rapid.SampledFrom(names[:i]), 0, 4).Draw(t, "needs of "+name)
		}
	}
	return n
}

func TestOrderProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := acyclic(t)
		g, err := depgraph.New(n)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, g.Order(), n)
		if !slices.Equal(slices.Sorted(slices.Values(g.Order())), slices.Sorted(maps.Keys(n))) {
			t.Fatalf("order %v does not hold exactly the nodes of %v", g.Order(), n)
		}
		level := map[string]int{}
		for l, layer := range g.Levels() {
			for _, k := range layer {
				level[k] = l
			}
		}
		for k, ns := range n {
			highest := -1
			for _, need := range ns {
				highest = max(highest, level[need])
			}
			if level[k] != highest+1 {
				t.Fatalf("%s is in layer %d and its highest need in %d", k, level[k], highest)
			}
		}
		again, err := depgraph.New(shuffled(n))
		if err != nil || !slices.Equal(g.Order(), again.Order()) {
			t.Fatalf("shuffled input: %v, %v, want %v", again.Order(), err, g.Order())
		}
	})
}

func TestReverseAndClosureProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := acyclic(t)
		g, err := depgraph.New(n)
		if err != nil {
			t.Fatal(err)
		}
		back := needs{}
		for k, ns := range n {
			back[k] = append(back[k], []string{}...)
			for _, need := range ns {
				back[need] = append(back[need], k)
			}
		}
		checkOrder(t, g.Reverse().Order(), back)
		for _, k := range g.Nodes() {
			if !slices.Equal(g.Reverse().Needs(k), g.Dependents(k)) {
				t.Fatalf("reverse needs of %s: %v, want %v", k, g.Reverse().Needs(k), g.Dependents(k))
			}
			c := g.Closure(k)
			want := reachable(n, k)
			if !slices.Equal(c.Nodes(), want) {
				t.Fatalf("closure of %s: %v, want %v", k, c.Nodes(), want)
			}
			for _, m := range c.Nodes() {
				if !slices.Equal(c.Needs(m), g.Needs(m)) {
					t.Fatalf("closure of %s: %s needs %v, want %v", k, m, c.Needs(m), g.Needs(m))
				}
			}
			checkOrder(t, c.Order(), n)
		}
	})
}

// Whatever the graph, New either gives an order or a circle that is really there,
// starts with its smallest node and comes out the same for shuffled input.
func TestCycleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e", "f", "g"}
		n := needs{}
		for _, name := range names {
			n[name] = rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(t, name)
		}
		g, err := depgraph.New(n)
		if err == nil {
			checkOrder(t, g.Order(), n)
			return
		}
		var cycle *depgraph.CycleError[string]
		if !errors.As(err, &cycle) {
			t.Fatalf("%v is no cycle error", err)
		}
		path := cycle.Path
		last := len(path) - 1
		if last < 1 || path[0] != path[last] || path[0] != slices.Min(path) {
			t.Fatalf("%v does not go from its smallest node back to it", path)
		}
		if distinct := slices.Compact(slices.Sorted(slices.Values(path))); len(distinct) != last {
			t.Fatalf("%v passes a node twice", path)
		}
		for i := range last {
			if !slices.Contains(n[path[i]], path[i+1]) {
				t.Fatalf("%v: %s does not need %s", path, path[i], path[i+1])
			}
		}
		if _, again := depgraph.New(shuffled(n)); again == nil || again.Error() != err.Error() {
			t.Fatalf("shuffled input: %v, want %v", again, err)
		}
	})
}

// checkOrder fails unless each node comes after those of its needs.
func checkOrder(t *rapid.T, order []string, n needs) {
	at := map[string]int{}
	for i, k := range order {
		at[k] = i
	}
	for _, k := range order {
		for _, need := range n[k] {
			if i, ok := at[need]; !ok || i >= at[k] {
				t.Fatalf("order %v: %s needs %s", order, k, need)
			}
		}
	}
}

// reachable is the obvious definition of a closure.
func reachable(n needs, root string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(k string) {
		seen[k] = true
		for _, need := range n[k] {
			visit(need)
		}
	}
	visit(root)
	return slices.Sorted(maps.Keys(seen))
}

// shuffled returns an equal graph, built in another order.
func shuffled(n needs) needs {
	keys := slices.Collect(maps.Keys(n))
	out := needs{}
	for _, k := range keys {
		list := slices.Clone(n[k])
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		out[k] = list
	}
	return out
}

// linked returns layers of nodes in which each node needs the whole layer below:
// the number of paths is width^layers, so only an algorithm that follows edges
// rather than paths ends.
func linked(layers, width int) map[int][]int {
	n := map[int][]int{}
	for l := range layers {
		for w := range width {
			n[l*width+w] = nil
			for below := range width {
				if l > 0 {
					n[l*width+w] = append(n[l*width+w], (l-1)*width+below)
				}
			}
		}
	}
	return n
}

func TestManyPathsWithCycle(t *testing.T) {
	n := linked(11, 4)
	n[0] = []int{43}
	_, err := depgraph.New(n)
	if want := "dependency cycle: 0 → 43 → 36 → 32 → 28 → 24 → 20 → 16 → 12 → 8 → 4 → 0"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func BenchmarkNew(b *testing.B) {
	for _, size := range []struct{ layers, width int }{{11, 4}, {100, 10}} {
		b.Run(fmt.Sprintf("%dx%d", size.layers, size.width), func(b *testing.B) {
			n := linked(size.layers, size.width)
			for b.Loop() {
				if _, err := depgraph.New(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewCycle(b *testing.B) {
	n := linked(11, 4)
	n[0] = []int{43}
	for b.Loop() {
		if _, err := depgraph.New(n); err == nil {
			b.Fatal("no cycle found")
		}
	}
}
