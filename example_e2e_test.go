//go:build e2e

package muster_test

import (
	"io"
	"os"
	"testing"
)

// TestExamplesOnEngine runs the examples that need an engine. They are compiled
// always, without an Output of their own, so that the documentation shows them.
func TestExamplesOnEngine(t *testing.T) {
	for _, example := range []struct {
		name   string
		run    func()
		prints string
	}{
		{"all", Example, "muster-example-cache-1 is running\n" +
			"muster-example-web-1 is running\n"},
		{"apply", Example_apply, "Network muster-example-apply_default Created\n" +
			"Container muster-example-apply-worker-1 Created\n" +
			"Container muster-example-apply-worker-1 Started\n"},
		{"supervise", Example_supervise, "muster-example-supervise-worker-1: start done\n" +
			"ended: context canceled\n"},
	} {
		t.Run(example.name, func(t *testing.T) {
			if got := printed(t, example.run); got != example.prints {
				t.Errorf("it prints\n%s\nwant\n%s", got, example.prints)
			}
		})
	}
}

// printed is what a function writes to standard output.
func printed(t *testing.T, run func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = was }()
	said := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		said <- string(text)
	}()
	func() {
		defer w.Close()
		run()
	}()
	return <-said
}
