package house_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mostAlike is how many lines may be the same in two places, remarks and empty lines
// aside: longer, they are one thing that wants a name.
const mostAlike = 11

// mayBeAlike are pairs of files that may have more in common, with the reason.
var mayBeAlike = map[[2]string]string{}

// TestNoCopies: nothing of twelve lines or more is there twice, imports aside.
func TestNoCopies(t *testing.T) {
	type place struct {
		path string
		line int
	}
	seen, told := map[string]place{}, map[[2]string]bool{}
	for _, s := range sources(t) {
		text, err := os.ReadFile(filepath.Join(root, s.path))
		if err != nil {
			t.Fatal(err)
		}
		lines, numbers := codeLines(string(text))
		for i := 0; i+mostAlike < len(lines); i++ {
			window := strings.Join(lines[i:i+mostAlike+1], "\n")
			before, twice := seen[window]
			if !twice {
				seen[window] = place{s.path, numbers[i]}
				continue
			}
			pair := [2]string{before.path, s.path}
			if told[pair] {
				continue
			}
			told[pair] = true
			if mayBeAlike[pair] == "" {
				t.Errorf("%s:%d is a copy of %s:%d: give it a name", s.path, numbers[i], before.path, before.line)
			}
		}
	}
	for pair := range mayBeAlike {
		if !told[pair] {
			t.Errorf("mayBeAlike lists %v, which have no need of it", pair)
		}
	}
}

// codeLines are the lines of a file below its imports that say something, without
// their indentation, and where they are.
func codeLines(text string) (lines []string, numbers []int) {
	imports := false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "import (":
			imports = true
		case imports:
			imports = line != ")"
		case line == "" || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "package "):
		default:
			lines, numbers = append(lines, line), append(numbers, i+1)
		}
	}
	return lines, numbers
}
