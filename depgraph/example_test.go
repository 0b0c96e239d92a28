package depgraph_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/musterdev/muster/depgraph"
)

func ExampleGraph_Walk() {
	g, err := depgraph.New(map[string][]string{
		"web": {"db"}, "db": nil, "cache": nil,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = g.Walk(context.Background(), 1, func(_ context.Context, service string) error {
		fmt.Println("start", service)
		if service == "db" {
			return errors.New("db: no space left")
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// start cache
	// start db
	// db: no space left
	// web skipped because db failed
}
