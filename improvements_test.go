package muster_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestImprovements: every test that docs/IMPROVEMENTS.md names is there.
func TestImprovements(t *testing.T) {
	page, err := os.ReadFile("docs/IMPROVEMENTS.md")
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
				there = isFile("cmd/testdata/script/" + what + ".txtar")
			case "plan":
				there = isFile("convergence/testdata/plan/" + what + ".txtar")
			case "test":
				there = tests[what]
			}
			if !there {
				t.Errorf("there is no %s", name)
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

// goTests are the names of all tests of the module.
func goTests(t *testing.T) map[string]bool {
	found := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			found[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
