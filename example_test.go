package muster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
)

// Load reads Compose files. Whatever is wrong with them comes at once, with file,
// line and column; what has another effect than it may seem comes as warnings.
func Example_load() {
	stack, warnings, err := loader.Load(context.Background(), loader.Input{Files: []string{"testdata/example/compose.yaml"}, ProjectName: "muster-example"})
	check(err)
	for _, w := range warnings {
		fmt.Println("warning:", w)
	}
	for _, s := range stack.Services {
		fmt.Println(s.Name, "runs", s.Spec.Image)
	}
	// Output:
	// cache runs muster-test/redis:7
	// web runs muster-test/nginx:1
}

// Plan compares what is wanted with what an engine has, and says step by step what
// would be done, and why. Here the engine has the images and nothing else; up.Observe
// asks one.
func Example_plan() {
	stack, _, err := loader.Load(context.Background(), loader.Input{Files: []string{"testdata/example/compose.yaml"}, ProjectName: "muster-example"})
	check(err)
	have := engine.Observed{Project: stack.Name, Images: []engine.Image{{Ref: "muster-test/nginx:1", ID: "sha256:1"}, {Ref: "muster-test/redis:7", ID: "sha256:2"}}}
	plan, err := up.PlanUp(stack, have, up.UpOptions{Wait: true})
	check(err)
	for _, step := range plan.Steps {
		fmt.Printf("%s: %s\n", step.Action, step.Reason)
	}
	// Output:
	// create network muster-example_default: does not exist yet
	// create volume muster-example_data: does not exist yet
	// create muster-example-cache-1 from muster-test/redis:7: does not exist yet
	// start muster-example-cache-1: does not exist yet
	// create muster-example-web-1 from muster-test/nginx:1: does not exist yet
	// wait for cache to be healthy: a dependent needs it
	// start muster-example-web-1: does not exist yet
	// wait for web to be ready: asked to wait for it
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
