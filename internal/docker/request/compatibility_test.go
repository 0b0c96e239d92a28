package request

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

const compatibilityDoc = "../../../docs/COMPATIBILITY.md"

// support is a row of testdata/compatibility.txt.
type support struct {
	path, state, note string
	held              []string // where tests hold it
}

// TestCompatibility holds testdata/compatibility.txt against every attribute that
// compose-go knows: each has a row, each row an attribute, and the tests that the
// row names hold what it claims of each attribute, see checkHeld.
// docs/COMPATIBILITY.md is written from it by -update.
func TestCompatibility(t *testing.T) {
	rows := readSupport(t)
	attributes := knownAttributes()
	times := make([]int, len(rows))
	for _, path := range attributes {
		i := rowOf(rows, path)
		if i < 0 {
			t.Errorf("%s has no row", path)
			continue
		}
		times[i]++
		checkHeld(t, rows[i], path)
	}
	for i, r := range rows {
		if times[i] == 0 && !strings.Contains("services networks volumes configs secrets models", r.path) {
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

// checkHeld demands what a row claims of an attribute. What is done has a golden
// request, model or plan with the attribute and a test on a real engine with it;
// what needs a newer engine has the words that name the key and the version; what
// has no effect, or is refused, has the words that name the key.
func checkHeld(t *testing.T, r support, attribute string) {
	t.Helper()
	if r.state == "reference" {
		return
	}
	e := gather(t, r.held)
	if r.state == "done" && !e.excused && !uses(e.engine, attribute) {
		t.Errorf("%s: no test on an engine of %q has it", attribute, r.held)
	}
	if !uses(e.golden, attribute) {
		t.Errorf("%s: no golden of %q has it", attribute, r.held)
	}
	key := regexp.QuoteMeta(r.path[strings.LastIndex(r.path, ".")+1:])
	said := `\b` + key + `\b.*: `
	if version, ok := strings.CutPrefix(r.state, "engine "); ok {
		said = `\b` + key + `\b.*needs an engine with API ` + regexp.QuoteMeta(version)
	} else if r.state != "refused" {
		said = `warning: .*\b` + key + `\b`
	}
	if r.state != "done" && !regexp.MustCompile(said).MatchString(e.text.String()) {
		t.Errorf("%s: no test of %q holds what is said of it: %s", attribute, r.held, said)
	}
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

Written from internal/docker/request/testdata/compatibility.txt, which a test holds against everything that compose-go knows: no
attribute is missing, and the tests that a row names hold each attribute of it: what is done by a golden file and on a real
engine, everything else by the words that are said of it. A row stands for all below it that has no row of its own. What has
no effect is said when the file is read, with its line.

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
