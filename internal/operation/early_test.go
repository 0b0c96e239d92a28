package operation

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
)

// TestAhead: the operation that comes first gets the lock and the look that were
// begun before its project was loaded, so that the engine is asked once; whoever
// comes then takes its own. What nobody took is given back.
func TestAhead(t *testing.T) {
	lists := func(h *harness) (n int) {
		for _, c := range h.Calls() {
			if c.Method == "ListVolumes" {
				n++
			}
		}
		return n
	}
	for name, c := range map[string]struct {
		named string // before the operations on p; empty is never
		held  bool   // by somebody else
		log   string
		lists int // for two operations; zero is not told, since one was called back
	}{
		"handed over":         {"p", false, "ahead back lock unlock", 2},
		"somebody has it":     {"p", true, "lock unlock lock unlock", 2},
		"of another project":  {"other", false, "ahead lock unlock lock unlock back", 0},
		"the name never came": {"", false, "lock unlock lock unlock", 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			ahead := StartEarly(t.Context(), EarlyOptions{
				Engine: func() (engine.Engine, error) { return h, nil },
				Lock: func(context.Context, engine.Engine, string) (func(), bool) {
					if c.held {
						return nil, false
					}
					h.log = append(h.log, "ahead")
					return func() { h.log = append(h.log, "back") }, true
				},
			})
			if c.named != "" {
				ahead.Named(c.named)
			}
			h.runner.Early = ahead
			op := Operation{Name: "up", Project: "p", Plan: func(engine.Observed, Known) (plan.Plan, error) { return plan.Plan{}, nil }}
			for range 2 {
				if err := h.runner.Run(t.Context(), op); err != nil {
					t.Fatal(err)
				}
			}
			ahead.Close()
			if got := strings.Join(h.log, " "); got != c.log || c.lists > 0 && lists(h) != c.lists {
				t.Errorf("it went %q with %d looks, want %q with %d", got, lists(h), c.log, c.lists)
			}
			if muts := h.Mutations(); len(muts) > 0 {
				t.Errorf("changed %q", slices.Clone(muts))
			}
		})
	}
}
