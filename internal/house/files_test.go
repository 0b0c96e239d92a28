package house_test

import (
	"go/ast"
	"slices"
	"testing"
)

// opensItself are the packages that may open files by other means than
// internal/hostfile, because nobody but they and the system name these files.
var opensItself = map[string]string{
	"internal/hostfile": "which it is",
	"internal/host":     "reads /proc",
	"internal/lock":     "makes its own files",
	"internal/keyfile":  "makes its own file, and opens it without waiting",
	"internal/testrun":  "runs tests",
	"test/bench":        "measures",
}

// TestFilesAreOpenedInOnePlace fails when a package opens what people name by
// itself: a named pipe there would hang it, a device fill the memory.
func TestFilesAreOpenedInOnePlace(t *testing.T) {
	for _, s := range sources(t) {
		if _, may := opensItself[s.dir()]; may || s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := call.X.(*ast.Ident)
			if ok && pkg.Name == "os" && slices.Contains([]string{"Open", "OpenFile", "ReadFile", "DirFS"}, call.Sel.Name) {
				t.Errorf("%s calls os.%s: internal/hostfile opens what people name", s.path, call.Sel.Name)
			}
			return true
		})
	}
}
