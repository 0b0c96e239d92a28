package muster_test

import (
	"context"
	"fmt"

	"github.com/musterdev/muster"
	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
)

// A program that brings a stack up, waits until it is ready, uses it and takes
// it down, with its data.
//
// It prints:
//
//	muster-example-cache-1 is running
//	muster-example-web-1 is running
func Example() {
	ctx := context.Background()
	client, err := muster.Connect(ctx, muster.Options{})
	check(err)
	stack, _, err := loader.Load(ctx, loader.Input{Files: []string{"testdata/example/compose.yaml"}, ProjectName: "muster-example"})
	check(err)

	have, err := up.Observe(ctx, client, stack)
	check(err)
	plan, err := up.PlanUp(stack, have, up.UpOptions{Wait: true})
	check(err)
	check(apply.Apply(ctx, plan, client, nil, nil))

	have, err = up.Observe(ctx, client, stack)
	check(err)
	for _, c := range have.Containers {
		fmt.Println(c.Name, "is", c.State)
	}
	down, err := up.PlanDown(stack, have, up.DownOptions{Volumes: true})
	check(err)
	check(apply.Apply(ctx, down, client, nil, nil))
}

// Apply carries a plan out. Its last argument is told of the progress.
//
// It prints:
//
//	Network muster-example-apply_default Created
//	Container muster-example-apply-worker-1 Created
//	Container muster-example-apply-worker-1 Started
func Example_apply() {
	ctx := context.Background()
	client, err := muster.Connect(ctx, muster.Options{})
	check(err)
	stack, _, err := loader.Load(ctx, loader.Input{Files: []string{"testdata/example/worker.yaml"}, ProjectName: "muster-example-apply"})
	check(err)

	have, err := up.Observe(ctx, client, stack)
	check(err)
	plan, err := up.PlanUp(stack, have, up.UpOptions{})
	check(err)
	check(apply.Apply(ctx, plan, client, nil, func(p engine.Progress) {
		if p.Phase == engine.Done {
			fmt.Println(p.ID, p.Text)
		}
	}))

	have, err = up.Observe(ctx, client, stack)
	check(err)
	down, err := up.PlanDown(stack, have, up.DownOptions{})
	check(err)
	check(apply.Apply(ctx, down, client, nil, nil))
}

// Supervise keeps a project true until its context ends: it starts again what
// ended, by the policy of each service.
//
// It prints:
//
//	muster-example-supervise-worker-1: start done
//	ended: context canceled
func Example_supervise() {
	ctx := context.Background()
	client, err := muster.Connect(ctx, muster.Options{})
	check(err)
	stack, _, err := loader.Load(ctx, loader.Input{Files: []string{"testdata/example/worker.yaml"}, ProjectName: "muster-example-supervise"})
	check(err)
	have, err := up.Observe(ctx, client, stack)
	check(err)
	plan, err := up.PlanUp(stack, have, up.UpOptions{})
	check(err)
	check(apply.Apply(ctx, plan, client, nil, nil))

	supervised, stop := context.WithCancel(ctx)
	err = supervise.Supervise(supervised, stack, client, supervise.SuperviseOptions{Record: func(r supervise.Record) {
		if r.Kind == supervise.RecordAction {
			fmt.Println(r)
			stop()
		}
	}})
	fmt.Println("ended:", err)

	have, err = up.Observe(ctx, client, stack)
	check(err)
	down, err := up.PlanDown(stack, have, up.DownOptions{})
	check(err)
	check(apply.Apply(ctx, down, client, nil, nil))
}
