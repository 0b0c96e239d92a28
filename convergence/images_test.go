package convergence_test

import (
	"context"
	"errors"
	"testing"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/memengine"
)

// TestFailedImagesLeaveNothingBehind: whichever pull or build fails, of whichever
// service, and whatever the others could go on with, nothing has been made: no
// network, no volume, no container.
func TestFailedImagesLeaveNothingBehind(t *testing.T) {
	const file = `services:
  cached: {image: "there:1", volumes: ["data:/data"], networks: [front, back]}
  pulled: {image: "reg/pulled:1", networks: [front]}
  built: {build: ., networks: [back]}
  hooked: {image: "there:1", network_mode: none, pre_start: [{image: "reg/hook:1", command: "true"}]}
  apart: {image: "there:1", network_mode: none}
networks: {front: {}, back: {}}
volumes: {data: {}}
`
	p := load(t, file, "")
	plans := map[string]func(have engine.Observed) (plan.Plan, error){
		"up": func(have engine.Observed) (plan.Plan, error) {
			return up.PlanUp(p, have, up.UpOptions{})
		},
		"run": func(have engine.Observed) (plan.Plan, error) {
			return up.PlanRun(p, have, "pulled", up.RunOptions{Name: "demo-run", Slug: "1"})
		},
	}
	for name, plan := range plans {
		for _, broken := range []string{"reg/pulled:1", "demo-built", "reg/hook:1"} {
			t.Run(name+" "+broken, func(t *testing.T) {
				e := memengine.New()
				defer e.Close()
				e.AddImages("there:1")
				for _, ref := range []string{"reg/pulled:1", "reg/hook:1"} {
					e.Publish(memengine.Image{Ref: ref})
				}
				for _, method := range []string{"PullImage", "BuildImage"} {
					e.Inject(memengine.Fault{Method: method, Target: broken, Err: errors.New("it cannot be had")})
				}
				have, err := up.Observe(context.Background(), e, p)
				if err != nil {
					t.Fatal(err)
				}
				todo, err := plan(have)
				if err != nil {
					t.Fatal(err)
				}
				err = apply.Apply(context.Background(), todo, e, nil, func(engine.Progress) {})
				if needed := name == "up" || broken == "reg/pulled:1"; (err != nil) != needed {
					t.Fatalf("err = %v", err)
				}
				if err == nil {
					return
				}
				left, err := up.Observe(context.Background(), e, p)
				if err != nil {
					t.Fatal(err)
				}
				if n := len(left.Containers) + len(left.Networks) + len(left.Volumes); n > 0 {
					t.Errorf("%d objects were made:\n%s", n, e.Snapshot())
				}
			})
		}
	}
}
