package loader_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/loader/rules"
)

// TestEveryRuleIsBrokenByAGoldenFile: what a rule says is held by a golden file
// that breaks it, and every warning is of a rule of the table, so that it can be
// named and turned off.
func TestEveryRuleIsBrokenByAGoldenFile(t *testing.T) {
	elsewhere := []string{"linked-directory", "environment-file", "kept-variable", "unknown-profile"} // what archives of files cannot hold
	known, broken := map[string]bool{}, map[string]bool{}
	for _, r := range rules.Table() {
		known[r.ID] = true
	}
	for _, dir := range []string{"invalid", "valid", "corpus"} {
		paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
		if err != nil || len(paths) == 0 {
			t.Fatal(err)
		}
		for _, path := range paths {
			_, warnings, err := loader.Load(context.Background(), openCase(t, path).in)
			for _, w := range warnings {
				if broken[w.Rule] = true; !known[w.Rule] {
					t.Errorf("%s: no rule of the table: %s", path, w)
				}
			}
			var all loader.Errors
			errors.As(err, &all)
			for _, e := range all {
				if broken[e.Rule] = true; e.Rule != "" && !known[e.Rule] {
					t.Errorf("%s: no rule of the table: %s", path, e)
				}
			}
		}
	}
	for id := range known {
		if !broken[id] && !slices.Contains(elsewhere, id) {
			t.Errorf("no golden file breaks %s", id)
		}
	}
}
