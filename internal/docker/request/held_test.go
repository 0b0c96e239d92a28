package request

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/internal/docker/attributes"
)

// evidence is what the tests that a row names hold: the Compose files of golden
// requests, models and plans, those of tests on a real engine, and all text.
type evidence struct {
	golden, engine []any
	text           strings.Builder
	excused        bool // needs: what a real engine would need, and this one has not
}

// gather reads the tests that a row names.
func gather(t *testing.T, held []string) *evidence {
	t.Helper()
	e := &evidence{}
	for _, test := range held {
		kind, name, _ := strings.Cut(test, ":")
		switch kind {
		case "needs":
			e.excused = true
		case "inside":
			for _, c := range insideCases(t, name) {
				e.engine = append(e.engine, models(c.Compose("IMAGE"))...)
			}
		case "mapping":
			e.golden = append(e.golden, e.files(t, "testdata/mapping/"+name+".txtar")...)
		case "loader":
			e.golden = append(e.golden, e.files(t, "../../../loader/testdata/*/"+name+".txtar")...)
		case "plan":
			e.golden = append(e.golden, e.files(t, "../../../convergence/testdata/plan/*.txtar")...)
		case "script":
			e.engine = append(e.engine, e.files(t, "../../../cmd/testdata/script/"+name+".txtar")...)
		default:
			t.Fatalf("there is no kind of test %s", test)
		}
	}
	return e
}

// insideCases are the case of that name, with _ for spaces, or all.
func insideCases(t *testing.T, name string) []attributes.Case {
	t.Helper()
	if name == "" {
		return attributes.Cases()
	}
	for _, c := range attributes.Cases() {
		if strings.ReplaceAll(c.Name, " ", "_") == name {
			return []attributes.Case{c}
		}
	}
	t.Fatalf("there is no case %s in internal/docker/attributes", name)
	return nil
}

// files are the Compose files of archives.
func (e *evidence) files(t *testing.T, pattern string) []any {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("there is no test %s: %v", pattern, err)
	}
	var all []any
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e.text.Write(text)
		for _, f := range txtar.Parse(text).Files {
			isFile := strings.HasSuffix(f.Name, ".yaml") || strings.HasSuffix(f.Name, ".yml")
			if strings.Contains(name, "/mapping/") {
				isFile = !strings.Contains(f.Name, " ") // an expectation
			}
			if isFile && !strings.HasPrefix(f.Name, "want") {
				all = append(all, models(string(f.Data))...)
			}
		}
	}
	return all
}

// models are the documents of a Compose file; none if it is broken on purpose.
func models(text string) []any {
	var all []any
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var doc any
		if err := d.Decode(&doc); err != nil {
			return all
		}
		all = append(all, doc)
	}
}

// uses reports whether one of the files has the attribute, in its long form:
// services.ports[].target is in services: {web: {ports: [{target: 80}]}}.
func uses(models []any, attribute string) bool {
	section, rest, _ := strings.Cut(attribute, ".")
	path := strings.Split(strings.ReplaceAll(rest, "[]", ".[]"), ".")
	for _, model := range models {
		if m, ok := model.(map[string]any); ok && has(m[section], append([]string{"*"}, path...)) {
			return true
		}
	}
	return false
}

func has(value any, path []string) bool {
	switch {
	case len(path) == 0:
		return true
	case len(path) == 1 && (path[0] == "single" || path[0] == "id"): // ulimits: {core: 0}, ssh: [default]
		_, mapping := value.(map[string]any)
		return !mapping
	}
	switch v := value.(type) {
	case map[string]any:
		if path[0] == "[]" { // a mapping that stands for a list, or the other way round
			return false
		}
		if path[0] != "*" {
			below, ok := v[path[0]]
			return ok && has(below, path[1:])
		}
		for _, below := range v {
			if has(below, path[1:]) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if path[0] == "[]" && has(item, path[1:]) {
				return true
			}
		}
	}
	return false
}
