//go:build e2e

package muster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/musterdev/muster"
	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/loader"
)

// A program that brings a stack up, waits until it is ready, uses it and takes
// it down, with its data.
func Example() {
	ctx := context.Background()
	engine, err := muster.Connect(ctx, muster.Options{})
	check(err)
	stack, _, err := loader.Load(ctx, loader.Input{Files: []string{"testdata/example/compose.yaml"}, ProjectName: "muster-example"})
	check(err)

	have, err := up.Observe(ctx, engine, stack)
	check(err)
	plan, err := up.PlanUp(stack, have, up.UpOptions{Wait: true})
	check(err)
	check(apply.Apply(ctx, plan, engine, nil, nil))

	have, err = up.Observe(ctx, engine, stack)
	check(err)
	for _, c := range have.Containers {
		fmt.Println(c.Name, "is", c.State)
	}
	down, err := up.PlanDown(stack, have, up.DownOptions{Volumes: true})
	check(err)
	check(apply.Apply(ctx, down, engine, nil, nil))
	// Output:
	// muster-example-cache-1 is running
	// muster-example-web-1 is running
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
