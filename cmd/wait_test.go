package cmd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterdev/muster/internal/patience"
)

// TestWaitEndsWithTheLast: wait tells of each exit when it comes, and ends with the
// code of the container that ended last, in whatever order they were named.
func TestWaitEndsWithTheLast(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": globsFile})
	h.must("up", "-d")
	var out, errs capture
	ended := make(chan int, 1)
	go func() { ended <- Main(h.app(&out, &errs), []string{"wait", "web", "db"}) }()
	waits := func() (n int) {
		for _, c := range h.engine.Calls() {
			if c.Method == "WaitContainer" {
				n++
			}
		}
		return n
	}
	patience.InMemory().Until(t, "both are waited for", func() bool { return waits() == 2 })
	for i, name := range []string{"db", "web"} {
		if err := h.engine.Crash("shop-"+name+"-1", 3+i); err != nil {
			t.Fatal(err)
		}
		patience.InMemory().Until(t, "the exit of "+name, func() bool {
			told, _ := out.next()
			return strings.Contains(told, fmt.Sprintf("exited with status code %d\n", 3+i))
		})
	}
	if code := <-ended; code != 4 {
		t.Errorf("wait ends with code %d, want 4", code)
	}
	if told, _ := errs.next(); told != "" {
		t.Errorf("standard error %q", told)
	}
}
