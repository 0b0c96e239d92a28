package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the folder of the module, as seen from this package.
const root = "../.."

// source is one Go file of the module.
type source struct {
	path  string // from the module's root, with slashes
	lines int
	file  *ast.File
}

// dir is the folder of the file's package.
func (s source) dir() string { return path.Dir(s.path) }

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// parsed reads every Go file of the module, for every platform, once.
var parsed = sync.OnceValues(func() ([]source, error) {
	var all []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(d.Name()) && name != root {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		all = append(all, source{path: filepath.ToSlash(rel), lines: fset.File(file.Pos()).LineCount(), file: file})
		return nil
	})
	return all, err
})

// skipped reports whether a folder holds no package of the product.
func skipped(folder string) bool {
	return strings.HasPrefix(folder, ".") || slices.Contains([]string{"testdata", "examples", "scripts", "dist", "node_modules"}, folder)
}

func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found")
	}
	return all
}

// importedAs is the name that a file has for a package of the module; empty if it
// does not import it.
func importedAs(t *testing.T, s source, of string) string {
	t.Helper()
	for _, i := range s.file.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if path != module+of {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}

// isIdent reports whether an expression is that name.
func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}
