package house_test

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// assertsOn are the interfaces that something is asked for by a type assertion, by
// the folder that does so, and what it is: never an engine, which declares its roles.
var assertsOn = map[string]string{
	"internal/ui interface{…}":         "errors that are several",
	"internal/foreground interface{…}": "errors that are several",
	"loader interface{…}":              "values that know that they are nothing",
	"internal/host syscall.Signal":     "a signal of this system",
	"internal/enginetest error":        "whatever a call of a role answers",
	"depgraph error":                   "what somebody panicked with",
	"loader yamlMarshaler":             "values that say how they are written",
	"loader encoding.TextMarshaler":    "values that say how they are written",
}

// TestNoCapabilityByAssertion: what an engine can do it declares (engine.Roles).
// Outside of internal/docker nobody asks a value whether it has methods: the types
// that may be asserted are concrete ones, and those of the table.
func TestNoCapabilityByAssertion(t *testing.T) {
	interfaces := interfaceTypes(t)
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || inside(s.dir(), "internal/docker") || inside(s.dir(), "test") {
			continue
		}
		ask := func(x ast.Expr) {
			what := assertedEngine(t, s, x)
			if what == "" {
				what = assertedInterface(s, x, interfaces)
			}
			if what == "" {
				return
			}
			key := s.dir() + " " + what
			if used[key] = true; assertsOn[key] == "" {
				t.Errorf("%s asserts %s: let the parameter ask for what is needed, or the engine declare a role", s.path, what)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeAssertExpr:
				if n.Type != nil {
					ask(n.Type)
				}
			case *ast.TypeSwitchStmt:
				for _, c := range n.Body.List {
					for _, x := range c.(*ast.CaseClause).List {
						ask(x)
					}
				}
			}
			return true
		})
	}
	for key := range assertsOn {
		if !used[key] {
			t.Errorf("assertsOn lists %s, which nobody asserts", key)
		}
	}
}

// assertedEngine names the kind of engine that a type expression is; empty if it is
// none.
func assertedEngine(t *testing.T, s source, x ast.Expr) string {
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	sel, ok := x.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	for _, dir := range []string{"internal/docker", "internal/memengine"} {
		if name := importedAs(t, s, dir); name != "" && isIdent(sel.X, name) {
			return name + "." + sel.Sel.Name
		}
	}
	return ""
}

// concrete are the types of other modules that are no interfaces.
var concrete = []string{"time.Time", "time.Duration", "json.Number"}

// assertedInterface names the interface that a type expression is; empty if it is a
// concrete type of the module or a basic one.
func assertedInterface(s source, x ast.Expr, interfaces map[string]bool) string {
	switch x := x.(type) {
	case *ast.InterfaceType:
		return "interface{…}"
	case *ast.Ident:
		if x.Name == "error" || x.Name == "any" || interfaces[s.dir()+"."+x.Name] {
			return x.Name
		}
	case *ast.SelectorExpr:
		pkg, ok := x.X.(*ast.Ident)
		if !ok {
			return ""
		}
		name := pkg.Name + "." + x.Sel.Name
		for _, i := range s.file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil || i.Name != nil && i.Name.Name != pkg.Name || i.Name == nil && !strings.HasSuffix("/"+path, "/"+pkg.Name) {
				continue
			}
			if local, ours := strings.CutPrefix(path, module); ours && !interfaces[local+"."+x.Sel.Name] {
				return ""
			}
		}
		if !slices.Contains(concrete, name) {
			return name
		}
	}
	return ""
}

// interfaceTypes are the interfaces of the module, by folder and name.
func interfaceTypes(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if of, ok := n.(*ast.TypeSpec); ok {
				if _, ok := of.Type.(*ast.InterfaceType); ok {
					found[s.dir()+"."+of.Name.Name] = true
				}
			}
			return true
		})
	}
	return found
}

// pure are the rooms that take values and give values.
var pure = []string{"convergence/up", "convergence/plan", "restartpolicy", "depgraph"}

// mayBeImpure are what these rooms use all the same of what knows the world.
var mayBeImpure = map[string]string{
	"convergence/plan net.JoinHostPort": "writes an address; asks nobody",
}

// TestPlannersArePure: same input, same bytes. No clock, no files, no network, no
// chance.
func TestPlannersArePure(t *testing.T) {
	worlds := map[string][]string{
		"time": {"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"},
		"os":   nil, "net": nil, "net/http": nil, "os/exec": nil, "io/ioutil": nil, "syscall": nil, "crypto/rand": nil, "math/rand": nil, "math/rand/v2": nil,
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || !slices.ContainsFunc(pure, func(room string) bool { return inside(s.dir(), room) }) {
			continue
		}
		packages := map[string]string{}
		for _, i := range s.file.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if _, world := worlds[path]; !world {
				continue
			}
			name := path[strings.LastIndex(path, "/")+1:]
			if i.Name != nil {
				name = i.Name.Name
			}
			packages[name] = path
			if path == "math/rand/v2" && i.Name == nil {
				packages["rand"] = path
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || packages[x.Name] == "" {
				return true
			}
			path := packages[x.Name]
			if only := worlds[path]; only != nil && !slices.Contains(only, sel.Sel.Name) {
				return true
			}
			key := s.dir() + " " + path + "." + sel.Sel.Name
			if used[key] = true; mayBeImpure[key] == "" {
				t.Errorf("%s uses %s.%s: a planner gets it as a value", s.path, path, sel.Sel.Name)
			}
			return true
		})
	}
	for key := range mayBeImpure {
		if !used[key] {
			t.Errorf("mayBeImpure lists %s, which is not used", key)
		}
	}
}

// mayWatch are the folders that subscribe to an engine's events themselves.
var mayWatch = map[string]string{
	"engine/feed":         "for all who read",
	"internal/enginetest": "the contract of the call",
}

// TestOneSubscription: whoever wants to hear of changes reads the feed, so that a
// command has one event stream.
func TestOneSubscription(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || inside(s.dir(), "test") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Watch" {
				if used[s.dir()] = true; mayWatch[s.dir()] == "" {
					t.Errorf("%s calls Watch: read an engine/feed", s.path)
				}
			}
			return true
		})
	}
	for dir := range mayWatch {
		if !used[dir] {
			t.Errorf("mayWatch lists %s, which does not watch", dir)
		}
	}
}
