//go:build e2e

package faultmatrix

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterdev/muster/internal/testrun"
)

var update = flag.Bool("update", false, "write docs/RELIABILITY.md")

const report = "../../docs/RELIABILITY.md"

// row is one line of the fault matrix. Its run says what was seen, in words that
// are the same every time if the promise is kept.
type row struct {
	number   string
	fault    string
	expected string
	run      func(*testing.T, *harness) string
}

// harness is what the rows of one engine share.
type harness struct {
	engine *engine
	binary string
}

func (h *harness) stack(t *testing.T, name, file string) *stack {
	t.Helper()
	return newStack(t, h.engine, h.binary, name, file)
}

// watched is a stack in which something is to stay as it is. The canary's restart
// takes longer than the supervisor's watchdog and the first delays of others.
func (h *harness) watched(t *testing.T, name, file string) *stack {
	t.Helper()
	return h.watchedFor(t, 3500*time.Millisecond, name, file)
}

// watchedFor is watched with as much time for something to go wrong.
func (h *harness) watchedFor(t *testing.T, delay time.Duration, name, file string) *stack {
	t.Helper()
	return h.stack(t, name, file+service("canary", "command: "+runs, "network_mode: none",
		fmt.Sprintf("deploy: {restart_policy: {condition: any, delay: %s}}", delay)))
}

// TestFaultMatrix runs every row. Rows that only touch their own containers run
// at the same time; those with many containers, and those that end the engine,
// alone.
func TestFaultMatrix(t *testing.T) {
	binary := testrun.Current(t).Muster(t)
	var mu sync.Mutex
	seen := map[string]string{}
	all := slices.Concat(quietRows(), streamRows(), massRows(), engineRows())
	t.Run("rows", func(t *testing.T) {
		shared := &harness{engine: newEngine(t), binary: binary}
		t.Run("containers", func(t *testing.T) {
			for _, r := range slices.Concat(quietRows(), streamRows()) {
				t.Run(r.number, func(t *testing.T) {
					t.Parallel()
					what := r.run(t, shared)
					mu.Lock()
					defer mu.Unlock()
					seen[r.number] = what
				})
			}
		})
		for _, r := range massRows() {
			t.Run("mass/"+r.number, func(t *testing.T) { seen[r.number] = r.run(t, shared) })
		}
		for _, r := range engineRows() { // the last, since they end the engine
			t.Run("engine/"+r.number, func(t *testing.T) { seen[r.number] = r.run(t, &harness{engine: shared.engine, binary: binary}) })
		}
	})
	if t.Failed() || len(seen) < len(all) {
		return // some rows were not run, or did not end well: the table would lie
	}
	slices.SortStableFunc(all, func(a, b row) int { return strings.Compare(pad(a.number), pad(b.number)) })
	text := render(all, seen)
	if *update {
		if err := os.WriteFile(report, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(report); err != nil || string(have) != text {
		t.Errorf("docs/RELIABILITY.md is not what was seen (make reliability writes it): %v\n%s", err, text)
	}
}

// pad makes numbers of rows sort as numbers: "9" before "10", "37" before "37b".
func pad(number string) string {
	digits := strings.TrimRight(number, "abc")
	return fmt.Sprintf("%4s%s", digits, strings.TrimPrefix(number, digits))
}

func render(rows []row, seen map[string]string) string {
	var b strings.Builder
	b.WriteString(`# Reliability: what happens to restarts when things break

Written by ` + "`make reliability`" + ` from the tests in test/faultmatrix, which ` + "`make test`" + ` runs on a real engine of their
own: containers are killed from outside, engines are killed and started, event streams are cut and falsified.

| # | fault | expected | seen |
|---|---|---|---|
`)
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.number, r.fault, r.expected, seen[r.number])
	}
	b.WriteString(`
Not on a real engine, since they take another clock: jumps of the wall clock (51) are held by the tests of restartpolicy,
with the clock as a value.
What happens when muster itself is killed or interrupted at any engine call is held by test/faultproxy.
`)
	return b.String()
}
