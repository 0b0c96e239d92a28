package request

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/internal/docker/attributes"
	"github.com/musterdev/muster/project"
)

// TestEffect takes the attributes of the Compose files in testdata/mapping away,
// one at a time. What the engine is asked for, or what the user is warned of, has
// to change by it: an attribute without an effect would be ignored silently.
// Every attribute has to be in one of the files, but for those whose row in
// testdata/compatibility.txt names no mapping: they are not the engine's business.
// A row that is not done has to have its warning, or its error on an old engine.
func TestEffect(t *testing.T) {
	files, err := filepath.Glob("testdata/mapping/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	seen := effects{works: map[string]bool{}, said: map[string]string{}}
	for _, name := range files {
		have, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range have.Files {
			if !strings.Contains(f.Name, " ") {
				seen.hear(t, f)
				seen.takeAway(t, f)
			}
		}
	}
	rows := readSupport(t)
	for _, attribute := range knownAttributes() {
		i := rowOf(rows, attribute)
		if i < 0 || !slices.ContainsFunc(rows[i].held, func(h string) bool { return strings.HasPrefix(h, "mapping:") }) {
			continue
		}
		if works, written := seen.works[attribute]; !written {
			t.Errorf("%s stands in no file of testdata/mapping", attribute)
		} else if !works && seen.about(attribute) == "" {
			t.Errorf("%s is ignored silently", attribute)
		}
		switch state, version, _ := strings.Cut(rows[i].state, " "); state {
		case "cluster", "windows", "warned":
			if seen.about(attribute) == "" {
				t.Errorf("%s is %s: no warning says so", attribute, state)
			}
		case "engine":
			if text := seen.about(attribute); !strings.Contains(text, "API "+version) {
				t.Errorf("%s needs API %s: an old engine says %q", attribute, version, text)
			}
		}
	}
}

// effects is what was seen of attributes.
type effects struct {
	works map[string]bool   // whether it changes a request, of those that are set somewhere
	said  map[string]string // warnings and errors by the attribute that they name
}

// about is what is said of an attribute, or of what holds it.
func (e effects) about(attribute string) string {
	for path := attribute; ; {
		if text := e.said[path]; text != "" {
			return text
		}
		i := max(strings.LastIndex(path, "."), strings.LastIndex(path, "[]"))
		if i < 0 {
			return ""
		}
		path = path[:i]
	}
}

// hear notes what the user of an old engine is told of a file. What is said of a
// whole element of a list says nothing of a single attribute.
func (e effects) hear(t *testing.T, f txtar.File) {
	t.Helper()
	p, warned := loadWarned(t, string(f.Data))
	var texts []string
	for _, w := range warned {
		texts = append(texts, w.Path+": "+w.Msg)
	}
	for _, w := range Unsupported(p, oldest, systemOf(f.Name)) {
		texts = append(texts, w.Text)
	}
	if _, err := exampleTranslation(p, oldest).Create(); err != nil {
		_, text, _ := strings.Cut(err.Error(), ": ")
		texts = append(texts, text)
	}
	for _, text := range texts {
		path, what, _ := strings.Cut(text, ": ")
		if path = generic(path); !strings.HasSuffix(path, "[]") {
			e.said[path] += what
		}
	}
}

// takeAway notes for every attribute of a file whether it has an effect.
func (e effects) takeAway(t *testing.T, f txtar.File) {
	t.Helper()
	whole := load(t, string(f.Data))
	want := asked(t, f.Name, whole)
	var attributes []string
	eachSet(whole, func(path string, _ func()) { attributes = append(attributes, path) })
	for i, path := range attributes {
		less, n := load(t, string(f.Data)), 0
		eachSet(less, func(_ string, clear func()) {
			if n == i {
				clear()
			}
			n++
		})
		again, err := project.New(project.Input{Compose: less.Compose, Positions: less.Positions})
		e.works[path] = e.works[path] || err != nil || asked(t, f.Name, again) != want
	}
}

// generic is services.secrets[].uid for services.web.secrets[0].uid, and
// services.networks.*.mac_address for that of a network.
func generic(path string) string {
	section, rest, _ := strings.Cut(path, ".")
	_, rest, _ = strings.Cut(rest, ".")
	rest = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(rest, "[]")
	return section + "." + regexp.MustCompile(`^networks\.[^.]+`).ReplaceAllString(rest, "networks.*")
}

// asked is all that an old and a recent engine are asked for, with the warnings.
func asked(t *testing.T, name string, p *project.Project) string {
	t.Helper()
	var b strings.Builder
	for _, api := range []string{oldest, newest} {
		b.WriteString(projectRequest(t, name, p, api))
	}
	return b.String()
}

// eachSet visits the attributes that are set in the service web, the networks and
// the volumes, in a fixed order, each with what takes it away.
func eachSet(p *project.Project, visit func(path string, clear func())) {
	for _, section := range []struct {
		path string
		of   any
	}{{"services", p.Compose.Services}, {"networks", p.Compose.Networks}, {"volumes", p.Compose.Volumes}} {
		m := reflect.ValueOf(section.of)
		for _, key := range sortedValues(m) {
			if section.path != "services" || key.String() == "web" {
				setBelow(section.path, m.MapIndex(key), func(v reflect.Value) { m.SetMapIndex(key, v) }, visit)
			}
		}
	}
}

// setBelow visits what is set in a value that put replaces.
func setBelow(path string, v reflect.Value, put func(reflect.Value), visit func(string, func())) {
	switch {
	case v.IsZero():
	case v.Kind() == reflect.Pointer && modelStruct(v.Type().Elem()):
		setBelow(path, v.Elem(), func(x reflect.Value) { v.Elem().Set(x) }, visit)
	case v.Kind() == reflect.Slice && modelStruct(v.Type().Elem()):
		for i := range v.Len() {
			setBelow(path+"[]", v.Index(i), v.Index(i).Set, visit)
		}
	case v.Kind() == reflect.Map && modelStruct(v.Type().Elem()):
		for _, key := range sortedValues(v) {
			setBelow(path+".*", v.MapIndex(key), func(x reflect.Value) { v.SetMapIndex(key, x) }, visit)
		}
	case modelStruct(v.Type()):
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			if name == "-" || name == "" || name == "#extensions" {
				continue
			}
			setBelow(path+"."+name, v.Field(i), func(x reflect.Value) {
				changed := reflect.New(v.Type()).Elem()
				changed.Set(v)
				changed.Field(i).Set(x)
				put(changed)
			}, visit)
		}
	default:
		visit(attributesOf(path, v.Type())[0], func() { put(reflect.Zero(v.Type())) })
	}
}

// modelStruct reports whether a type, or what it points to, has attributes below it.
func modelStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && fieldsOf("", t)[0] != ""
}

func sortedValues(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
}

// TestInside holds the rows that claim to be seen on a real engine: every
// attribute below them is in one of attributes.Cases. What reaches an engine and is
// done has to claim it, or to name another test on an engine, or what no such
// test can go without.
func TestInside(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range attributes.Cases() {
		file := strings.NewReplacer("PORT", "8080", "DISK", "/dev/sda").Replace(c.Compose("nginx"))
		eachSet(load(t, file), func(path string, _ func()) { seen[path] = true })
	}
	rows := readSupport(t)
	for _, attribute := range knownAttributes() {
		i := rowOf(rows, attribute)
		if i < 0 {
			continue
		}
		holds := func(kind string) bool {
			return slices.ContainsFunc(rows[i].held, func(h string) bool { return strings.HasPrefix(h, kind) })
		}
		switch {
		case holds("inside"):
			if !seen[attribute] {
				t.Errorf("%s is in none of attributes.Cases", attribute)
			}
		case rows[i].state == "done" && holds("mapping:") && !holds("script:e2e/") && !holds("needs:"):
			t.Errorf("%s: row %s names no test on a running engine", attribute, rows[i].path)
		}
	}
}
