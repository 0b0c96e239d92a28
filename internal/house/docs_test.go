package house_test

import (
	"cmp"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestImprovements: every row of docs/IMPROVEMENTS.md names what holds it, and
// that exists.
func TestImprovements(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/IMPROVEMENTS.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := goTests(t)
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || cells[2] == "held by " {
			continue
		}
		rows++
		named := strings.Fields(cells[2])
		if len(named) == 0 {
			t.Errorf("nothing holds this row: %s", line)
		}
		for _, name := range named {
			kind, what, _ := strings.Cut(name, ":")
			there := false
			switch kind {
			case "script":
				there = isFile(root + "/cmd/testdata/script/" + what + ".txtar")
			case "plan":
				there = isFile(root + "/convergence/testdata/plan/" + what + ".txtar")
			case "test":
				there = tests[what]
			}
			if !there {
				t.Errorf("%s does not exist", name)
			}
		}
	}
	if rows < 39 {
		t.Errorf("%d rows, want all 39", rows)
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// TestDocsNameTests: every test that a document names exists.
func TestDocsNameTests(t *testing.T) {
	tests := goTests(t)
	named := regexp.MustCompile(`\b(Test|Fuzz|Benchmark|Example)[A-Z]\w*`)
	docs := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && name != root && strings.HasPrefix(d.Name(), ".") {
			return cmp.Or(err, fs.SkipDir)
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		docs++
		text, err := os.ReadFile(name)
		for _, test := range named.FindAllString(string(text), -1) {
			if !tests[test] {
				t.Errorf("%s names %s, which does not exist", name, test)
			}
		}
		return err
	})
	if err != nil || docs == 0 {
		t.Fatal(docs, err)
	}
}

// TestDocsNamePaths: every path of this repository that a document names exists. The
// decisions in docs/adr and the changelog tell of what was.
func TestDocsNamePaths(t *testing.T) {
	quoted, linked := regexp.MustCompile("`([^`\\s]+/[^`\\s]*)`"), regexp.MustCompile(`\]\(([^):#\s]+)[^)]*\)`)
	pages, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, page := range append(pages, root+"/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		look := func(from, path string) {
			if named++; strings.ContainsAny(path, "{…") { // several in one
				return
			}
			if found, err := filepath.Glob(filepath.Join(from, path)); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", page, path)
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			first, _, _ := strings.Cut(m[1], "/")
			if info, err := os.Stat(filepath.Join(root, first)); err == nil && info.IsDir() && !strings.HasPrefix(first, ".") {
				look(root, m[1])
			}
		}
		for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
			look(filepath.Dir(page), m[1])
		}
	}
	if named < 50 {
		t.Errorf("only %d paths are named", named)
	}
}

// goTests are the names of all tests of the module.
func goTests(t *testing.T) map[string]bool {
	found := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}
