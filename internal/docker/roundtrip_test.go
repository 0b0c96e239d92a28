package docker

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/loader"
)

// TestRoundTrip writes the Compose files of testdata/mapping and of InsideCases as
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
	for _, c := range InsideCases() {
		file := strings.NewReplacer("PORT", "8080", "DISK", "/dev/sda").Replace(c.Compose("nginx"))
		roundTrip(t, txtar.File{Name: c.Name, Data: []byte(file)})
	}
}

func roundTrip(t *testing.T, f txtar.File) {
	t.Helper()
	places := regexp.MustCompile(`(?m)^warning: \d+:\d+: `) // differ in the two
	p := load(t, string(f.Data))
	text, err := loader.Render(p, loader.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	back := load(t, string(text))
	want, got := places.ReplaceAllString(asked(t, f.Name, p), ""), places.ReplaceAllString(asked(t, f.Name, back), "")
	if got != want {
		t.Errorf("%s: is\n%s\nread back from\n%s\nwant\n%s", f.Name, got, text, want)
	}
	again, err := loader.Render(back, loader.RenderOptions{})
	if err != nil || string(again) != string(text) {
		t.Errorf("%s: is written differently when it was read back, %v:\n%s\nwas\n%s", f.Name, err, again, text)
	}
}
