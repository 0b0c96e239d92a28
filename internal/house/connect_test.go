package house_test

import (
	"strings"
	"testing"
)

// connects is the one file of the command line that knows which kind of engine it
// talks to.
const connects = "cmd/engines.go"

// TestOneFileConnects: commands know roles of an engine, whichever it is. A second
// backend touches one file of theirs.
func TestOneFileConnects(t *testing.T) {
	found := false
	for _, s := range sources(t) {
		if s.test() || s.dir() != "cmd" {
			continue
		}
		for _, i := range s.file.Imports {
			if strings.Trim(i.Path.Value, `"`) != module+"internal/docker" {
				continue
			}
			if s.path != connects {
				t.Errorf("%s imports internal/docker: %s alone may", s.path, connects)
			}
			found = true
		}
	}
	if !found {
		t.Errorf("%s does not import internal/docker", connects)
	}
}
