package loader_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// TestCorpus loads projects as people write them. What config prints of them
// is known in either format, reads back to the same bytes and the same hashes,
// and is what compose-go's own loader makes of the same files. The plans of
// these projects are held by convergence's TestCorpusPlans.
func TestCorpus(t *testing.T) {
	different := map[string]string{
		"env-file-options":      "compose-go knows no raw env files by itself",
		"compose-file-variable": "the files are found by Muster",
		"realtime":              "compose-go takes no durations here",
	}
	ownVariables := map[string]bool{"include": true, "include-forms": true} // from env files of included models
	t.Setenv("HOME", "/home/muster")                                        // where compose-go finds ~
	each(t, "corpus", 40, func(t *testing.T, c *testCase) {
		name := strings.TrimSuffix(filepath.Base(c.path), ".txtar")
		p, warnings, err := loader.Load(context.Background(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		yaml, json := render(t, p, loader.YAML), render(t, p, loader.JSON)
		c.want(t, "want.yaml", string(yaml))
		c.want(t, "want.json", string(json))
		c.want(t, "want.warnings", diagnostics(warnings, nil))
		for _, text := range [][]byte{yaml, json} {
			again := load(t, loader.Input{
				Files: []string{"-"}, Stdin: bytes.NewReader(text), WorkingDir: c.dir, Profiles: []string{"*"}, AllResources: true,
			})
			if got := render(t, again, loader.YAML); !bytes.Equal(got, yaml) {
				t.Errorf("read back:\n%s\nwritten first:\n%s", got, yaml)
			}
			if got := render(t, again, loader.JSON); !bytes.Equal(got, json) {
				t.Errorf("read back:\n%s\nwritten first:\n%s", got, json)
			}
			sameHashes(t, p, again)
		}
		if !ownVariables[name] {
			rawReadsBack(t, c.in, p, yaml)
		}
		if different[name] == "" {
			agree(t, c.in, p.Compose, types.ToConfigFiles(p.Files))
		}
	})
}

// rawReadsBack holds what config --no-interpolate prints: written again it is
// the same bytes, and with its variables filled in it is the project.
func rawReadsBack(t *testing.T, in loader.Input, p *project.Project, yaml []byte) {
	t.Helper()
	back := in
	back.Files, back.Dir, back.ProjectName = []string{"-"}, p.Dir, p.Name
	for _, format := range []loader.Format{loader.YAML, loader.JSON} {
		raw := renderRaw(t, in, format)
		back.Stdin = bytes.NewReader(raw)
		if got := renderRaw(t, back, format); !bytes.Equal(got, raw) {
			t.Errorf("%s kept raw:\n%s\nwritten first:\n%s", format, got, raw)
		}
		back.Stdin = bytes.NewReader(raw)
		again := load(t, back)
		if got := render(t, again, loader.YAML); !bytes.Equal(got, yaml) {
			t.Errorf("raw %s read back:\n%s\nwritten first:\n%s\nraw:\n%s", format, got, yaml, raw)
		}
		sameHashes(t, p, again)
	}
}

func renderRaw(t *testing.T, in loader.Input, format loader.Format) []byte {
	t.Helper()
	in.NoInterpolate = true
	var text bytes.Buffer
	_, _, err := loader.RenderRaw(context.Background(), &text, in, loader.RenderOptions{Format: format})
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
