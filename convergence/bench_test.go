package convergence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
)

// BenchmarkPlan plans for three hundred services that depend on each other.
func BenchmarkPlan(b *testing.B) {
	var file strings.Builder
	file.WriteString("services:\n")
	for i := range 300 {
		fmt.Fprintf(&file, "  s%03d: {image: \"x:%d\", post_start: [{command: hi}], pre_stop: [{command: bye}], networks: [n1, n2], volumes: [\"data:/d\", \"/anon\"]", i, i%9)
		if i > 0 {
			fmt.Fprintf(&file, ", depends_on: {s%03d: {condition: service_healthy, restart: true}}", i-1-(i-1)%5)
		}
		file.WriteString("}\n")
	}
	file.WriteString("networks: {n1: {}, n2: {}}\nvolumes: {data: {}}\n")
	want := load(b, file.String(), "")
	none, all := engine.Observed{Project: "demo"}, observation(b, want, want, "everything")
	for _, bench := range []struct {
		name string
		plan func() (plan.Plan, error)
	}{
		{"first", func() (plan.Plan, error) { return up.PlanUp(want, none, up.UpOptions{Now: now}) }},
		{"unchanged", func() (plan.Plan, error) { return up.PlanUp(want, all, up.UpOptions{Now: now}) }},
		{"recreate", func() (plan.Plan, error) {
			return up.PlanUp(want, all, up.UpOptions{Now: now, Recreate: up.RecreateForce})
		}},
		{"restart", func() (plan.Plan, error) { return up.PlanRestart(want, all, up.RestartOptions{}) }},
		{"down", func() (plan.Plan, error) { return up.PlanDown(want, all, up.DownOptions{Volumes: true}) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bench.plan(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
