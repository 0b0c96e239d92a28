package house_test

import (
	"go/ast"
	"slices"
	"testing"
)

// mayApply are the functions outside of the planner's rooms that apply a plan
// themselves, with the reason. Everything else is an operation.Operation.
var mayApply = map[string]string{
	"internal/operation.apply":    "which the Runner does for every operation",
	"internal/foreground.killAll": "cannot wait for the project's lock: whoever holds it may be what is in the way",
	"cmd.runBuild":                "works on images alone: it observes nothing, and takes no project's lock, so that it runs beside anything",
}

// TestOneWayOfDoing: plans are applied by operation.Runner, after the lock, the
// checks and the question. Whoever goes around it has a reason. Tests and examples
// may, as programs do.
func TestOneWayOfDoing(t *testing.T) {
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		calls := importedAs(t, s, "convergence/apply")
		if calls == "" {
			continue
		}
		for _, d := range s.file.Decls {
			name := s.dir() + "."
			if f, ok := d.(*ast.FuncDecl); ok {
				name += f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && isIdent(sel.X, calls) && slices.Contains([]string{"Apply", "ApplyWith"}, sel.Sel.Name) {
					if found[name] = true; mayApply[name] == "" && !inside(s.dir(), "convergence") {
						t.Errorf("%s: %s calls apply.%s: make it an operation.Operation", s.path, name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
	for name := range mayApply {
		if !found[name] {
			t.Errorf("mayApply lists %s, which applies nothing", name)
		}
	}
}
