package house_test

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"strconv"
	"strings"
	"testing"
)

// TestExported: a package exports no name and no method that it alone uses, its tests
// included, save types that what it exports is made of, and what is for programs that
// use the library. Methods are told apart by their names alone; those of interfaces
// are used by whoever has the interface.
func TestExported(t *testing.T) {
	declared, used, needed := map[string]string{}, map[string]bool{}, map[string]bool{}
	selected := map[string]map[string]bool{} // by method, the folders that name one
	for _, s := range sources(t) {
		if !s.test() && importable(s) {
			for _, name := range exported(s.file) {
				declared[s.dir()+"."+name] = s.path
			}
			for _, name := range madeOf(s.file) {
				used[s.dir()+"."+name] = true
			}
		}
		noteUses(t, s, used)
		noteMethods(s, selected)
	}
	for name, file := range declared {
		if _, method, ok := strings.Cut(strings.TrimPrefix(name, path.Dir(file)+"."), "."); ok {
			if ofInterfaces[method] || selected[method][anyInterface] {
				continue
			}
			others := maps.Clone(selected[method])
			delete(others, path.Dir(file))
			used[name] = len(others) > 0
		}
		switch {
		case used[name]:
		case forPrograms[name] != "":
			needed[name] = true
		default:
			t.Errorf("%s: nobody else uses %s", file, name)
		}
	}
	for name := range forPrograms {
		if !needed[name] {
			t.Errorf("forPrograms lists %s, which has no need of it", name)
		}
	}
}

// forPrograms are the names for which there is a use that the code does not show, by
// programs that import the library above all.
var forPrograms = map[string]string{
	"..Connect": "how they begin",
	"cmd.Tree":  "scripts/man writes the manual of it",

	"convergence/apply.DefaultLimit":  "what the zero of ApplyOptions.Limit means",
	"convergence/apply.DefaultSettle": "what the zero of an Await's Settle means",

	"depgraph.PanicError":   "what Walk panics with, for errors.As",
	"depgraph.SkippedError": "why a walk did not come to a node, for errors.As",
	"depgraph.UnknownError": "which need is not known, for errors.As",

	"loader.NormalizeName": "the name that a folder's project gets",

	"restartpolicy.SyntaxError":         "what is wrong with a policy, for errors.As",
	"restartpolicy.Rules":               "the table, for documents of it",
	"restartpolicy.ClassifyStartError":  "whether a start is worth another attempt",
	"restartpolicy.EngineDelay":         "when the engine itself restarts",
	"restartpolicy.HalfLife":            "a number that programs reckon with",
	"restartpolicy.CrashLoopScore":      "a number that programs reckon with",
	"restartpolicy.BreakerPause":        "a number that programs reckon with",
	"restartpolicy.BreakerWindow":       "a number that programs reckon with",
	"restartpolicy.MaxConcurrentStarts": "a number that programs reckon with",
	"restartpolicy.StartsPerSecond":     "a number that programs reckon with",

	"internal/ui.ContainerRow.Label": "templates of --format call it",
	"internal/ui.VolumeRow.Label":    "templates of --format call it",

	"test/faultproxy.Delay":      "what may happen to a call, for the tests of faults",
	"test/faultproxy.FailAfter":  "what may happen to a call, for the tests of faults",
	"test/faultproxy.FailBefore": "what may happen to a call, for the tests of faults",
	"test/faultproxy.BlockUntil": "what may happen to a call, for the tests of faults",
	"test/faultproxy.Slow":       "what may happen to a call, for the tests of faults",
	"test/faultproxy.Stall":      "what may happen to a call, for the tests of faults",
	"test/faultproxy.Truncate":   "what may happen to a call, for the tests of faults",
}

// ofInterfaces are the methods that the standard library, or one that we hand our
// values to, calls.
var ofInterfaces = map[string]bool{
	"String": true, "Error": true, "Unwrap": true, "Is": true, "As": true,
	"Read": true, "Write": true, "Close": true, "Len": true, "Less": true, "Swap": true, "Push": true, "Pop": true,
	"GoString": true, "MarshalJSON": true, "UnmarshalJSON": true, "MarshalText": true, "UnmarshalText": true, "MarshalYAML": true,
}

// anyInterface stands for the interfaces of the module that have a method.
const anyInterface = "interface"

// importable reports whether another package can import a file's.
func importable(s source) bool { return s.file.Name.Name != "main" }

// noteMethods adds which folder names which method, and which an interface has.
func noteMethods(s source, selected map[string]map[string]bool) {
	note := func(method, by string) {
		if selected[method] == nil {
			selected[method] = map[string]bool{}
		}
		selected[method][by] = true
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			note(n.Sel.Name, s.dir())
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, id := range m.Names {
					note(id.Name, anyInterface)
				}
			}
		}
		return true
	})
}

// exported are the exported names that a file declares at its top level, and the
// methods of exported types, after their types.
func exported(f *ast.File) []string {
	var names []string
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, id.Name)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case d.Recv == nil:
				add(d.Name)
			case d.Name.IsExported() && ast.IsExported(receiver(d)):
				names = append(names, receiver(d)+"."+d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add(spec.Name)
				case *ast.ValueSpec:
					// Of an enumeration all values go out together.
					if d.Tok != token.CONST || spec.Type == nil && len(spec.Values) > 0 {
						for _, id := range spec.Names {
							add(id)
						}
					}
				}
			}
		}
	}
	return names
}

// madeOf are the names in the signatures and fields of what a file exports.
func madeOf(f *ast.File) []string {
	var names []string
	mentions := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
			_, body := n.(*ast.BlockStmt)
			return !body
		})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				mentions(d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() {
					mentions(t.Type)
				}
			}
		}
	}
	return names
}

// noteUses adds the names of other packages of the module that a file names.
func noteUses(t *testing.T, s source, used map[string]bool) {
	packages := map[string]string{} // by the name that the file has for them
	for _, i := range s.file.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		local, ours := strings.CutPrefix(path, module)
		if !ours || local == s.dir() {
			continue
		}
		name := local[strings.LastIndex(local, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		packages[name] = local
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && packages[x.Name] != "" {
				used[packages[x.Name]+"."+sel.Sel.Name] = true
			}
		}
		return true
	})
}
