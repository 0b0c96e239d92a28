package convergence_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// TestActKnowsEveryAction holds the one switch over actions complete: every type
// that is an Action has one case in it.
func TestActKnowsEveryAction(t *testing.T) {
	source := func(info fs.FileInfo) bool { return !strings.HasSuffix(info.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), ".", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var actions, cases []string
	ast.Inspect(packages["convergence"], func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok {
			return true
		}
		if f.Name.Name == "About" && f.Recv != nil {
			actions = append(actions, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
		if f.Name.Name == "act" && f.Recv != nil {
			cases = append(cases, typeCases(f.Body)...)
		}
		return true
	})
	slices.Sort(actions)
	slices.Sort(cases)
	if len(actions) == 0 || !slices.Equal(actions, cases) {
		t.Errorf("actions: %v\nact does: %v", actions, cases)
	}
}

// typeCases are the types that type switches in the body name.
func typeCases(body ast.Node) []string {
	var names []string
	ast.Inspect(body, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, x := range c.List {
				if id, ok := x.(*ast.Ident); ok {
					names = append(names, id.Name)
				}
			}
		}
		return true
	})
	return names
}
