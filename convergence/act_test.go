package convergence_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestActKnowsEveryAction holds the one switch over actions complete: every type
// that is an Action has one case in it.
func TestActKnowsEveryAction(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var actions, cases []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || f.Recv == nil:
			case f.Name.Name == "About":
				actions = append(actions, f.Recv.List[0].Type.(*ast.Ident).Name)
			case f.Name.Name == "act":
				cases = append(cases, typeCases(f.Body)...)
			}
		}
	}
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
				if of, ok := x.(*ast.SelectorExpr); ok {
					names = append(names, of.Sel.Name)
				}
			}
		}
		return true
	})
	return names
}
