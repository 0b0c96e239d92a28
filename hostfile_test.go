package muster_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
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
	"internal/bench":    "measures",
}

// TestFilesAreOpenedInOnePlace fails when a package opens what people name by
// itself: a named pipe there would hang it, a device fill the memory.
func TestFilesAreOpenedInOnePlace(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (slices.Contains([]string{"testdata", "examples", "scripts"}, d.Name()) || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		name := filepath.ToSlash(filepath.Dir(path))
		if _, may := opensItself[name]; may || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := call.X.(*ast.Ident)
			if ok && pkg.Name == "os" && slices.Contains([]string{"Open", "OpenFile", "ReadFile", "DirFS"}, call.Sel.Name) {
				t.Errorf("%s calls os.%s: internal/hostfile opens what people name", path, call.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
