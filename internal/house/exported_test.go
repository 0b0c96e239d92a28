package house_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestExported: a package below internal, or a room of the planner or the loader,
// exports no name that it alone uses, save types that what it exports is made of.
// The other packages that programs may import are for them.
func TestExported(t *testing.T) {
	declared, used := map[string]string{}, map[string]bool{}
	for _, s := range sources(t) {
		if ofOurs(s.path) && !s.test() {
			for _, name := range exported(s.file) {
				declared[s.dir()+"."+name] = s.path
			}
			for _, name := range madeOf(s.file) {
				used[s.dir()+"."+name] = true
			}
		}
		noteUses(t, s, used)
	}
	for name, file := range declared {
		if !used[name] {
			t.Errorf("%s: nobody else uses %s", file, name)
		}
	}
}

// ofOurs reports whether a file is in a room that no other program imports.
func ofOurs(path string) bool {
	for _, room := range []string{"convergence/up", "loader"} {
		if dir := strings.TrimPrefix(path, room+"/"); dir != path && strings.Contains(dir, "/") {
			return true
		}
	}
	return strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "test/")
}

// exported are the exported names that a file declares at its top level.
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
			if d.Recv == nil {
				add(d.Name)
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
		if !ours || local == s.dir() && !s.test() {
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
