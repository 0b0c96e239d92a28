package house_test

import (
	"go/ast"
	"testing"
)

// tellsApart is the one file that may ask which action it has before it.
const tellsApart = "convergence/apply/act.go"

// TestOneSwitchOverActions: nobody else asks of which type an action is, neither by
// a switch nor by an assertion. What else there is to know, the action says About
// itself, so that a new one is a type and a case.
func TestOneSwitchOverActions(t *testing.T) {
	actions := actionTypes(t)
	if len(actions) < 20 {
		t.Fatalf("only %d actions: %v", len(actions), actions)
	}
	switched := 0
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		plans := importedAs(t, s, "convergence/plan")
		asks := func(x ast.Expr) {
			if star, ok := x.(*ast.StarExpr); ok {
				x = star.X
			}
			name := ""
			switch x := x.(type) {
			case *ast.Ident:
				if s.dir() == "convergence/plan" {
					name = x.Name
				}
			case *ast.SelectorExpr:
				if plans != "" && isIdent(x.X, plans) {
					name = x.Sel.Name
				}
			}
			switch {
			case !actions[name]:
			case s.path == tellsApart:
				switched++
			default:
				t.Errorf("%s asks whether an action is a %s: let it say so About itself", s.path, name)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeAssertExpr:
				if n.Type != nil {
					asks(n.Type)
				}
			case *ast.TypeSwitchStmt:
				for _, c := range n.Body.List {
					for _, x := range c.(*ast.CaseClause).List {
						asks(x)
					}
				}
			}
			return true
		})
	}
	if switched != len(actions) {
		t.Errorf("%s tells %d actions apart, of %d", tellsApart, switched, len(actions))
	}
}

// actionTypes are the types of plan that say something About themselves.
func actionTypes(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || s.dir() != "convergence/plan" {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "About" {
				found[receiver(f)] = true
			}
		}
	}
	return found
}
