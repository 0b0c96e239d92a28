package house_test

import (
	"go/ast"
	"strings"
	"testing"
)

// TestDocCommentsNameWhatTheyDocument: the comment of an exported name begins with it,
// after an article at most, so that a name that was changed is changed there too. One
// comment may be for a whole group of names.
func TestDocCommentsNameWhatTheyDocument(t *testing.T) {
	looked := 0
	for _, s := range sources(t) {
		if s.test() { // whose functions nobody looks up: a sentence tells what holds
			continue
		}
		check := func(doc *ast.CommentGroup, name *ast.Ident) {
			if doc == nil || !name.IsExported() {
				return
			}
			looked++
			if !beginsWith(doc.Text(), name.Name) {
				first, _, _ := strings.Cut(doc.Text(), "\n")
				t.Errorf("%s: the comment of %s begins otherwise: %s", s.path, name.Name, first)
			}
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				check(d.Doc, d.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if !d.Lparen.IsValid() {
							check(d.Doc, spec.Name)
						}
						check(spec.Doc, spec.Name)
					case *ast.ValueSpec:
						if len(spec.Names) > 1 {
							continue
						}
						if !d.Lparen.IsValid() {
							check(d.Doc, spec.Names[0])
						}
						check(spec.Doc, spec.Names[0])
					}
				}
			}
		}
	}
	if looked < 500 {
		t.Errorf("only %d comments", looked)
	}
}

// beginsWith reports whether a comment begins with the name.
func beginsWith(text, name string) bool {
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	rest, ok := strings.CutPrefix(text, name)
	return ok && (rest == "" || !isLetter(rest[0]))
}

func isLetter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
