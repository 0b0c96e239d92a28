package house_test

import (
	"go/ast"
	"maps"
	"strings"
	"testing"
)

// Nobody finds the way in a room that is too large.
const (
	mostFileLines    = 400
	mostPackageLines = 3000
	mostMethods      = 40
	mostCommandLines = 150 // of a file of the command line: flags, a struct, one call
)

// largeFiles may have more lines than others.
var largeFiles = map[string]string{
	"convergence/apply_test.go":           "one harness, on which the tests of apply run",
	"convergence/await_test.go":           "every way in which a wait can end",
	"convergence/supervise_test.go":       "one harness, on which the tests of the supervisor run",
	"convergence/supervise_fixes_test.go": "a test for each fault that was found in the supervisor",
	"cmd/script_test.go":                  "the commands of scripts, one after the other",
	"test/faultmatrix/rows_test.go":       "a function for each row of the matrix",
	"internal/lock/lock_test.go":          "every way in which a lock can be lost",
	"loader/load_test.go":                 "tables",
}

// largePackages may have more lines, tests aside, than others.
var largePackages = map[string]string{
	"cmd":                "a file for each of forty commands: its flags, and what it prints",
	"internal/docker":    "the whole of the engine's API",
	"internal/memengine": "a whole engine",
	"loader":             "the whole of the Compose Specification",
}

// largeTypes may have more methods than others.
var largeTypes = map[string]string{
	"convergence/apply.run":       "a method for each action",
	"internal/docker.Engine":      "implements every role of an engine",
	"internal/memengine.Engine":   "implements every role of an engine",
	"internal/memengine.core":     "the states of containers and what changes them",
	"internal/enginetest.harness": "a method for each rule of the contract",
}

// TestSizes: no file, package or method set grows beyond what one can overlook,
// but for those with a reason. A reason that is not needed any more goes.
func TestSizes(t *testing.T) {
	files, commands, packages := map[string]int{}, map[string]int{}, map[string]int{}
	for _, s := range sources(t) {
		files[s.path] = s.lines
		if s.test() {
			continue
		}
		packages[s.dir()] += s.lines
		if s.dir() == "cmd" {
			commands[s.path] = s.lines
		}
	}
	for name, n := range commands {
		if n > mostCommandLines {
			t.Errorf("%d lines of file %s, at most %d: what is more than flags has a room elsewhere", n, name, mostCommandLines)
		}
	}
	within(t, "lines of file", files, mostFileLines, largeFiles)
	within(t, "lines of package", packages, mostPackageLines, largePackages)
	within(t, "methods of type", methodSets(t), mostMethods, largeTypes)
}

// methodSets are how many methods the types of the module have, those included that
// come from what they embed. Those of an embedded interface are somebody else's.
func methodSets(t *testing.T) map[string]int {
	methods, embeds := map[string]map[string]bool{}, map[string][]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					continue
				}
				name := s.dir() + "." + receiver(d)
				if methods[name] == nil {
					methods[name] = map[string]bool{}
				}
				methods[name][d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if of, ok := spec.(*ast.TypeSpec); ok {
						embeds[s.dir()+"."+of.Name.Name] = embedded(t, s, of.Type)
					}
				}
			}
		}
	}
	sets := map[string]int{}
	for name := range embeds {
		all, seen := map[string]bool{}, map[string]bool{}
		var add func(name string)
		add = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			maps.Copy(all, methods[name])
			for _, e := range embeds[name] {
				add(e)
			}
		}
		add(name)
		sets[name] = len(all)
	}
	return sets
}

// embedded are the types of the module that a struct embeds.
func embedded(t *testing.T, s source, of ast.Expr) []string {
	fields, ok := of.(*ast.StructType)
	if !ok {
		return nil
	}
	var names []string
	for _, f := range fields.Fields.List {
		if len(f.Names) > 0 {
			continue
		}
		x := f.Type
		if star, ok := x.(*ast.StarExpr); ok {
			x = star.X
		}
		if generic, ok := x.(*ast.IndexExpr); ok {
			x = generic.X
		}
		switch x := x.(type) {
		case *ast.Ident:
			names = append(names, s.dir()+"."+x.Name)
		case *ast.SelectorExpr:
			for _, i := range s.file.Imports {
				local, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
				if ours && isIdent(x.X, importedAs(t, s, local)) {
					names = append(names, local+"."+x.Sel.Name)
				}
			}
		}
	}
	return names
}

func within(t *testing.T, what string, have map[string]int, most int, reasons map[string]string) {
	t.Helper()
	for name, n := range have {
		if n > most && reasons[name] == "" {
			t.Errorf("%d %s %s, at most %d: cut it, or give the reason in the table", n, what, name, most)
		}
	}
	for name := range reasons {
		if have[name] <= most {
			t.Errorf("%d %s %s: take its reason out of the table", have[name], what, name)
		}
	}
}

// receiver is the name of the type that a method is of.
func receiver(f *ast.FuncDecl) string {
	x := f.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if generic, ok := x.(*ast.IndexExpr); ok {
		x = generic.X
	}
	if name, ok := x.(*ast.Ident); ok {
		return name.Name
	}
	return "?"
}
