package house_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mostModules is how many other modules a program may get that imports the
// library to connect to an engine.
const mostModules = 40

// tooHeavy are modules that such a program must not get: it would link them
// without a need.
var tooHeavy = []string{"github.com/moby/buildkit", "google.golang.org/grpc", "github.com/spf13/cobra"}

// TestLibraryIsLight holds what a program links that uses the library.
func TestLibraryIsLight(t *testing.T) {
	c := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		".", "./loader", "./convergence/up", "./convergence/apply", "./convergence/supervise")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	if n := len(modules) - 1; n < 1 || n > mostModules { // but for Muster's own
		t.Errorf("%d modules, at most %d:\n%s", n, mostModules, strings.Join(modules, "\n"))
	}
	for _, heavy := range tooHeavy {
		if slices.Contains(modules, heavy) {
			t.Errorf("the library needs %s", heavy)
		}
	}
}
