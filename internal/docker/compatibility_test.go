package docker

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

const compatibilityDoc = "../../docs/COMPATIBILITY.md"

// support is a row of testdata/compatibility.txt.
type support struct {
	path, state, note string
	held              []string // where tests hold it
}

// TestCompatibility holds testdata/compatibility.txt against every attribute that
// compose-go knows: each has a row, each row an attribute, and each key of a row
// that claims anything stands in one of the tests that the row names.
// docs/COMPATIBILITY.md is written from it by -update.
func TestCompatibility(t *testing.T) {
	rows := readSupport(t)
	attributes := knownAttributes()
	uses := make([]int, len(rows))
	for _, path := range attributes {
		i := rowOf(rows, path)
		if i < 0 {
			t.Errorf("%s has no row", path)
			continue
		}
		uses[i]++
		if len(rows[i].held) > 0 && !mentioned(t, rows[i].held, lastKey(path)) {
			t.Errorf("%s: no test of %q has the key %s", path, rows[i].held, lastKey(path))
		}
	}
	for i, r := range rows {
		if uses[i] == 0 && !strings.Contains("services networks volumes configs secrets models", r.path) {
			t.Errorf("row %s stands for no attribute", r.path)
		}
		if len(r.held) == 0 && r.state != "reference" {
			t.Errorf("row %s names no test", r.path)
		}
	}
	text := renderSupport(rows)
	if *update {
		if err := os.WriteFile(compatibilityDoc, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(compatibilityDoc); err != nil || string(have) != text {
		t.Errorf("docs/COMPATIBILITY.md is not what testdata/compatibility.txt says: run with -update (%v)", err)
	}
}

func readSupport(t *testing.T) []support {
	t.Helper()
	text, err := os.ReadFile("testdata/compatibility.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []support
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		for len(cells) < 4 {
			cells = append(cells, "")
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, support{cells[0], cells[1], cells[2], strings.Fields(cells[3])})
	}
	return rows
}

// rowOf is the row with the longest path that the attribute is below; -1 if none.
func rowOf(rows []support, attribute string) int {
	best := -1
	for i, r := range rows {
		rest, below := strings.CutPrefix(attribute, r.path)
		if below && (rest == "" || rest[0] == '.' || rest[0] == '[') && (best < 0 || len(r.path) > len(rows[best].path)) {
			best = i
		}
	}
	return best
}

// lastKey is the last word of a path that stands in files: services.ulimits.*.single
// is written ulimits: {core: 0}.
func lastKey(path string) string {
	words := regexp.MustCompile(`[a-z0-9_]+`).FindAllString(path, -1)
	last := words[len(words)-1]
	if slices.Contains([]string{"single", "id", "discrete_resource_spec"}, last) {
		last = words[len(words)-2]
	}
	return last
}

// mentioned reports whether the key stands in one of the tests.
func mentioned(t *testing.T, tests []string, key string) bool {
	t.Helper()
	word := regexp.MustCompile(`\b` + key + `\b`)
	return slices.ContainsFunc(tests, func(test string) bool { return word.MatchString(testText(t, test)) })
}

// testText is the text of the tests that a row names.
func testText(t *testing.T, test string) string {
	t.Helper()
	kind, name, _ := strings.Cut(test, ":")
	if kind == "needs" {
		return ""
	}
	pattern, known := map[string]string{
		"mapping": "testdata/mapping/" + name + ".txtar", "loader": "../../loader/testdata/*/" + name + ".txtar",
		"plan": "../../convergence/testdata/plan/*.txtar", "script": "../../cmd/testdata/script/" + name + ".txtar",
		"inside": "inside_test.go",
	}[kind]
	files, err := filepath.Glob(pattern)
	if err != nil || !known || len(files) == 0 {
		t.Fatalf("there is no test %s: %v", test, err)
	}
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// knownAttributes are the paths of all attributes of compose-go's model. Lists are
// marked by [], mappings with free keys by *.
func knownAttributes() []string {
	var all []string
	for _, section := range []struct {
		path string
		of   any
	}{
		{"services", types.ServiceConfig{}}, {"networks", types.NetworkConfig{}}, {"volumes", types.VolumeConfig{}},
		{"configs", types.ConfigObjConfig{}}, {"secrets", types.SecretConfig{}}, {"models", types.ModelConfig{}},
	} {
		all = append(all, attributesOf(section.path, reflect.TypeOf(section.of))...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func attributesOf(path string, t reflect.Type) []string {
	for {
		switch t.Kind() {
		case reflect.Pointer:
		case reflect.Slice:
			path += "[]"
		case reflect.Map:
			path += ".*"
		default:
			return fieldsOf(path, t)
		}
		t = t.Elem()
	}
}

func fieldsOf(path string, t reflect.Type) []string {
	var all []string
	if t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[types.Project]().PkgPath() {
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			if name != "-" && name != "" && name != "#extensions" {
				all = append(all, attributesOf(path+"."+name, t.Field(i).Type)...)
			}
		}
	}
	if len(all) == 0 {
		return []string{strings.TrimSuffix(strings.TrimSuffix(path, ".*"), "[]")}
	}
	return all
}

func renderSupport(rows []support) string {
	var b strings.Builder
	b.WriteString(`# Compatibility: every attribute of the Compose Specification

Written from internal/docker/testdata/compatibility.txt, which a test holds against everything that compose-go knows: no
attribute is missing, and none claims a test that does not have it. An attribute stands for all below it that has no row of
its own. What has no effect is said when the file is read, with its line.

- **done**: the engine gets it, from API 1.41 (Docker Engine 20.10) on.
- **engine 1.44**: from that API version on; on an older engine ` + "`up`" + ` warns, or refuses before it
  changes anything where it could only be done wrong.
- **cluster**: one engine has no use for it; a warning says what happens instead.
- **windows**: for Windows engines; elsewhere a warning.
- **warned**, **refused**: not carried out.
- **reference**: the loader replaces it by what it means, or refuses it as unknown.

| attribute | state | |
|---|---|---|
`)
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.path, r.state, r.note)
	}
	return b.String()
}
