package depgraph_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/depgraph"
	"pgregory.net/rapid"
)

// journal notes what visits do, in the order in which they do it.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, " ")
}

func TestWalkWithLimitOneFollowsOrder(t *testing.T) {
	g := mustNew(t, stack)
	var visited []string
	err := g.Walk(t.Context(), 1, func(_ context.Context, k string) error {
		visited = append(visited, k)
		return nil
	})
	if err != nil || !slices.Equal(visited, g.Order()) {
		t.Errorf("visited %v, %v, want %v", visited, err, g.Order())
	}
}

func TestWalkOfNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mustNew(t, nil).Walk(ctx, 0, nil); err != nil {
		t.Errorf("Walk: %v, want nil: there is nothing left to do", err)
	}
}

// Each node takes as many seconds as its number says; the journal shows when each
// visit started.
func TestWalkParallelism(t *testing.T) {
	n := map[int][]int{1: nil, 2: nil, 3: {1}, 4: {1, 2}}
	for _, tt := range []struct {
		limit int
		want  string
	}{
		{0, "1@0s 2@0s 3@1s 4@2s"},
		{-1, "1@0s 2@0s 3@1s 4@2s"},
		{1, "1@0s 2@1s 3@3s 4@6s"},
		{2, "1@0s 2@0s 3@1s 4@2s"},
	} {
		t.Run(fmt.Sprintf("limit %d", tt.limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, err := depgraph.New(n)
				if err != nil {
					t.Fatal(err)
				}
				var j journal
				begin := time.Now()
				err = g.Walk(t.Context(), tt.limit, func(_ context.Context, k int) error {
					j.add(fmt.Sprintf("%d@%v", k, time.Since(begin)))
					time.Sleep(time.Duration(k) * time.Second)
					return nil
				})
				lines := slices.Sorted(slices.Values(strings.Fields(j.String())))
				if got := strings.Join(lines, " "); err != nil || got != tt.want {
					t.Errorf("got %s, %v, want %s", got, err, tt.want)
				}
			})
		})
	}
}

var errBroken = errors.New("broken")

// Nodes with a failure in their name fail. Sleep seconds = length of the name.
func TestWalkFailures(t *testing.T) {
	n := needs{
		"a-fail": nil, "bb": {"a-fail"}, "ccc": {"bb"}, // one branch fails at 6 s
		"m": nil, "mid-long": {"m"}, "z": {"mid-long"}, // another goes on
		"zz": {"a-fail", "y-long-fail"}, "y-long-fail": nil, // two reasons
	}
	synctest.Test(t, func(t *testing.T) {
		var j journal
		err := mustNew(t, n).Walk(t.Context(), 0, func(_ context.Context, k string) error {
			time.Sleep(time.Duration(len(k)) * time.Second)
			j.add(k)
			if strings.Contains(k, "fail") {
				return fmt.Errorf("%s: %w", k, errBroken)
			}
			return nil
		})
		visited := strings.Join(slices.Sorted(slices.Values(strings.Fields(j.String()))), " ")
		if want := "a-fail m mid-long y-long-fail z"; visited != want {
			t.Errorf("visited %s, want %s", visited, want)
		}
		want := "a-fail: broken\nbb skipped because a-fail failed\nccc skipped because a-fail failed\n" +
			"y-long-fail: broken\nzz skipped because a-fail failed"
		if err == nil || err.Error() != want {
			t.Errorf("error:\n%v\nwant:\n%s", err, want)
		}
		var skipped *depgraph.SkippedError[string]
		if !errors.Is(err, errBroken) || !errors.As(err, &skipped) || skipped.Node != "bb" || skipped.Because != "a-fail" {
			t.Errorf("%#v does not tell failed from skipped", err)
		}
	})
}

func TestWalkCancelled(t *testing.T) {
	errStop := errors.New("interrupted")
	n := needs{"a": nil, "b": {"a"}, "c": nil}
	for _, tt := range []struct {
		name  string
		visit func(ctx context.Context, cancel context.CancelCauseFunc, k string) error
		want  string // "" = nil
	}{
		{"visits give up with the cause", func(ctx context.Context, cancel context.CancelCauseFunc, k string) error {
			cancel(errStop)
			return fmt.Errorf("%s: %w", k, context.Cause(ctx))
		}, "a: interrupted\nb skipped because a failed"},
		{"visits give up without the cause", func(ctx context.Context, cancel context.CancelCauseFunc, k string) error {
			cancel(errStop)
			return fmt.Errorf("%s: %w", k, ctx.Err())
		}, "interrupted\na: context canceled\nb skipped because a failed"},
		{"a visit ignores it", func(_ context.Context, cancel context.CancelCauseFunc, k string) error {
			cancel(errStop)
			return nil
		}, "interrupted"},
		{"during the last visit, which succeeds", func(_ context.Context, cancel context.CancelCauseFunc, k string) error {
			if k == "c" {
				cancel(errStop)
			}
			return nil
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			err := mustNew(t, n).Walk(ctx, 1, func(ctx context.Context, k string) error { return tt.visit(ctx, cancel, k) })
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want || errors.Is(err, errStop) != (tt.want != "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWalkCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	err := mustNew(t, stack).Walk(ctx, 0, func(context.Context, string) error {
		t.Error("visited although cancelled")
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Walk: %v, want the deadline", err)
	}
}

// Walk waits for visits that ignore cancellation. synctest fails the test if a
// goroutine were left behind.
func TestWalkLeavesNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		err := mustNew(t, needs{"slow": nil, "next": {"slow"}}).Walk(ctx, 0, func(context.Context, string) error {
			time.Sleep(time.Minute)
			return nil
		})
		if took := time.Since(begin); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("returned %v after %v, want the deadline after the minute the visit takes", err, took)
		}
	})
}

func TestWalkPanics(t *testing.T) {
	var j journal
	defer func() {
		err, ok := recover().(*depgraph.PanicError)
		if !ok || err.Value != errBroken || !errors.Is(err, errBroken) {
			t.Fatalf("recovered %v, want the visit's panic", err)
		}
		if !strings.Contains(err.Error(), "TestWalkPanics") {
			t.Errorf("the stack does not show where the visit panicked:\n%v", err)
		}
		if got := j.String(); got != "a b" {
			t.Errorf("visited %q, want a b: nothing starts after a panic", got)
		}
	}()
	err := mustNew(t, needs{"a": nil, "b": nil, "c": {"b"}, "d": nil}).Walk(t.Context(), 1, func(_ context.Context, k string) error {
		j.add(k)
		if k == "b" {
			panic(errBroken)
		}
		return nil
	})
	t.Errorf("Walk returned %v, want a panic", err)
}

func TestWalkGoexit(t *testing.T) {
	g := mustNew(t, stack)
	returned := make(chan bool, 1)
	go func() {
		finished := false
		defer func() { returned <- finished }()
		err := g.Walk(context.Background(), 0, func(context.Context, string) error {
			runtime.Goexit()
			return nil
		})
		finished = true
		t.Errorf("Walk returned %v although its visits left by Goexit", err)
	}()
	if <-returned {
		t.Error("the goroutine of Walk went on")
	}
}

// Over random graphs, failures and limits: a visit starts after all its needs have
// succeeded, at most once and at most limit at a time; what failed or was skipped
// is reported exactly, whatever the timing.
func TestWalkProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := acyclic(t)
		g, err := depgraph.New(n)
		if err != nil {
			t.Fatal(err)
		}
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		fails := map[string]bool{}
		for _, k := range g.Nodes() {
			fails[k] = rapid.IntRange(0, 5).Draw(t, k) == 0
		}
		var mu sync.Mutex
		succeeded, visits, running := map[string]bool{}, map[string]int{}, 0
		var wrong []string
		err = g.Walk(context.Background(), limit, func(_ context.Context, k string) error {
			mu.Lock()
			running++
			visits[k]++
			for _, need := range n[k] {
				if !succeeded[need] {
					wrong = append(wrong, k+" before "+need)
				}
			}
			if limit > 0 && running > limit {
				wrong = append(wrong, fmt.Sprint(running, " at once"))
			}
			pause := time.Duration(rand.Intn(20)) * time.Microsecond
			mu.Unlock()
			time.Sleep(pause)
			mu.Lock()
			defer mu.Unlock()
			running--
			succeeded[k] = !fails[k]
			if fails[k] {
				return errors.New(k + " failed itself")
			}
			return nil
		})
		if len(wrong) > 0 || running != 0 {
			t.Fatalf("%v, %d still running", wrong, running)
		}
		var want []string
		for _, k := range g.Nodes() {
			because := ""
			for _, below := range reachable(n, k) {
				if below != k && fails[below] && !skipped(n, fails, below) {
					because = below
					break
				}
			}
			visited := 0
			switch {
			case because != "":
				want = append(want, k+" skipped because "+because+" failed")
			case fails[k]:
				want, visited = append(want, k+" failed itself"), 1
			default:
				visited = 1
			}
			if visits[k] != visited {
				t.Fatalf("%s was visited %d times, want %d", k, visits[k], visited)
			}
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != strings.Join(want, "\n") {
			t.Fatalf("error:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
		}
	})
}

// skipped says whether k needs, directly or not, a node that fails.
func skipped(n needs, fails map[string]bool, k string) bool {
	return slices.ContainsFunc(reachable(n, k), func(below string) bool { return below != k && fails[below] })
}

func BenchmarkWalk(b *testing.B) {
	g, err := depgraph.New(linked(11, 4))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := g.Walk(b.Context(), 0, func(context.Context, int) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
