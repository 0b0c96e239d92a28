package request

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/internal/docker/attributes"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// TestRoundTrip writes the Compose files of testdata/mapping and of attributes.Cases as
// `config` does and reads them back: the engine has to be asked for the same.
func TestRoundTrip(t *testing.T) {
	files, err := filepath.Glob("testdata/mapping/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		have, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range have.Files {
			if !strings.Contains(f.Name, " ") {
				roundTrip(t, f)
			}
		}
	}
	for _, c := range attributes.Cases() {
		file := strings.NewReplacer("PORT", "8080", "DISK", "/dev/sda").Replace(c.Compose("nginx"))
		roundTrip(t, txtar.File{Name: c.Name, Data: []byte(file)})
	}
}

func roundTrip(t *testing.T, f txtar.File) {
	t.Helper()
	places := regexp.MustCompile(`(?m)^warning: \d+:\d+: `) // differ in the two
	p := load(t, string(f.Data))
	text := rendered(t, p)
	back := load(t, text)
	want, got := places.ReplaceAllString(asked(t, f.Name, p), ""), places.ReplaceAllString(asked(t, f.Name, back), "")
	if got != want {
		t.Errorf("%s: is\n%s\nread back from\n%s\nwant\n%s", f.Name, got, text, want)
	}
	if again := rendered(t, back); again != text {
		t.Errorf("%s: is written differently when it was read back:\n%s\nwas\n%s", f.Name, again, text)
	}
}

func rendered(t *testing.T, p *project.Project) string {
	t.Helper()
	var out strings.Builder
	if _, err := loader.Render(&out, p, loader.RenderOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
