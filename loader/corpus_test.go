package loader_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader"
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
	t.Setenv("HOME", "/home/muster") // where compose-go finds ~
	each(t, "corpus", 40, func(t *testing.T, c *testCase) {
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
		if different[strings.TrimSuffix(filepath.Base(c.path), ".txtar")] == "" {
			agree(t, c.in, p.Compose, types.ToConfigFiles(p.Files))
		}
	})
}
