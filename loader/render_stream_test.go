package loader_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

// weigher notes how much of the heap is in use in the middle of the output.
type weigher struct {
	written int
	at      int // weigh once after that many bytes
	heap    uint64
}

func (w *weigher) Write(p []byte) (int, error) {
	if w.written += len(p); w.heap == 0 && w.written >= w.at {
		w.heap = inUse()
	}
	return len(p), nil
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLargeModelsAreWrittenAsTheyGo: while a model is written it is not in
// memory a second time, neither of many services nor of many dependencies.
func TestLargeModelsAreWrittenAsTheyGo(t *testing.T) {
	var many, dense strings.Builder
	many.WriteString("services:\n")
	for i := range 2500 {
		fmt.Fprintf(&many, "  s%d: {image: busybox, labels: {a: b}}\n", i)
	}
	dense.WriteString("services:\n")
	for i := range 150 {
		fmt.Fprintf(&dense, "  s%d: {image: busybox, depends_on: [", i)
		for j := range i {
			fmt.Fprintf(&dense, "s%d, ", j)
		}
		dense.WriteString("]}\n")
	}
	for name, text := range map[string]string{"many": many.String(), "dense": dense.String()} {
		p, _, err := loader.Load(context.Background(), loader.Input{Files: []string{"-"}, Stdin: strings.NewReader(text), WorkingDir: "/", ProjectName: "x"})
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []loader.Format{loader.YAML, loader.JSON} {
			w := &weigher{at: len(text) / 2}
			before := inUse()
			if _, err := loader.Render(w, p, loader.RenderOptions{Format: format}); err != nil {
				t.Fatal(err)
			}
			if w.heap == 0 {
				t.Fatalf("%s: only %d bytes of %s are written", name, w.written, format)
			}
			if more := int64(w.heap) - int64(before); more > 2<<20 {
				t.Errorf("%s: writing %s keeps %d bytes", name, format, more)
			}
		}
		runtime.KeepAlive(p)
	}
}
