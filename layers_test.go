package muster_test

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/musterdev/muster/"

// mayImport is the house rule: what each package may import of this module,
// and of the heavy libraries. Nothing else is allowed.
var mayImport = map[string][]string{
	"":           {"engine", "internal/docker"},
	"cmd/muster": {"cmd"},
	"cmd": {
		"loader", "project", "depgraph", "restartpolicy", "engine", "engine/feed",
		"convergence/plan", "convergence/up", "convergence/apply", "convergence/supervise", "convergence/output",
		"internal/docker", "internal/build", "internal/ui", "internal/watch", "internal/host", "internal/lock", "internal/keyfile",
		"internal/notify", "internal/metrics", "internal/transfer", "internal/plugins", "internal/enginetest", "github.com/spf13/cobra",
	},
	"loader":        {"internal/hostfile", "project", "depgraph", "restartpolicy", "github.com/compose-spec/compose-go/v2", "gopkg.in/yaml.v3"},
	"project":       {"depgraph", "restartpolicy", "github.com/compose-spec/compose-go/v2/types"},
	"depgraph":      {},
	"restartpolicy": {},

	"engine":                {"project", "restartpolicy"},
	"engine/feed":           {"engine"},
	"convergence":           {},
	"convergence/plan":      {"engine", "project", "depgraph"},
	"convergence/up":        {"convergence/plan", "engine", "project", "depgraph", "restartpolicy", "golang.org/x/sync"},
	"convergence/apply":     {"convergence/plan", "engine", "engine/feed", "project", "golang.org/x/sync"},
	"convergence/supervise": {"convergence/plan", "convergence/apply", "engine", "project", "restartpolicy"},
	"convergence/output":    {"convergence/apply", "engine", "engine/feed", "project"},

	"internal/docker":      {"internal/hostfile", "engine", "project", "restartpolicy", "internal/build", "github.com/docker/docker", "github.com/docker/cli", "github.com/compose-spec/compose-go/v2/types"},
	"internal/build":       {"internal/hostfile", "convergence/up", "engine", "project", "golang.org/x/sync", "github.com/moby/buildkit", "github.com/docker/docker", "github.com/docker/cli", "github.com/compose-spec/compose-go/v2/types"},
	"internal/ui":          {"convergence/plan", "convergence/apply", "convergence/output", "engine", "project", "loader", "restartpolicy", "internal/metrics"},
	"internal/enginetest":  {"engine", "project", "restartpolicy", "internal/patience", "github.com/compose-spec/compose-go/v2/types"},
	"internal/watch":       {"internal/hostfile", "engine", "project", "github.com/compose-spec/compose-go/v2/types"},
	"internal/transfer":    {"engine"},
	"internal/plugins":     {"convergence/plan", "engine"},
	"internal/hostfile":    {},
	"internal/notify":      {"convergence/supervise", "project"},
	"internal/metrics":     {"convergence/supervise", "restartpolicy", "golang.org/x/sync"},
	"internal/lock":        {},
	"internal/keyfile":     {},
	"internal/host":        {"convergence/plan"},
	"internal/patience":    {},
	"internal/testrun":     {},
	"internal/faultproxy":  {},
	"internal/faultmatrix": {},
	"internal/bench":       {"github.com/docker/docker", "golang.org/x/sync", "github.com/moby/buildkit/session", "github.com/tonistiigi/fsutil"},
}

// guarded are the libraries that only the packages naming them may import.
var guarded = []string{
	"github.com/docker/docker", "github.com/docker/cli", "github.com/moby/buildkit",
	"github.com/compose-spec/compose-go/v2", "gopkg.in/yaml.v3", "github.com/spf13/cobra",
}

// TestLayers fails when a package imports what the architecture keeps from it.
func TestLayers(t *testing.T) {
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); name == "testdata" || name == "examples" || name == "scripts" || (strings.HasPrefix(name, ".") && dir != ".") {
			return filepath.SkipDir
		}
		checkImports(t, dir)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkImports(t *testing.T, dir string) {
	pkg, err := build.ImportDir(dir, 0)
	if err != nil || len(pkg.GoFiles) == 0 { // nothing for this platform
		return
	}
	name := filepath.ToSlash(dir)
	if name == "." {
		name = ""
	}
	allowed, known := mayImport[name]
	if !known {
		t.Errorf("package %s stands nowhere in the import table", name)
		return
	}
	if pkg.Doc == "" {
		t.Errorf("package %s has no package comment", name)
	}
	for _, path := range pkg.Imports {
		local, ours := strings.CutPrefix(path, module)
		if ours && !slices.Contains(allowed, local) {
			t.Errorf("package %s imports %s: not allowed", name, local)
		}
		for _, g := range guarded {
			if within(path, g) && !slices.ContainsFunc(allowed, func(a string) bool { return within(path, a) }) {
				t.Errorf("package %s imports %s: only the packages that own it may", name, path)
			}
		}
	}
	if len(allowed) == 0 && name != "internal/lock" {
		checkStandardOnly(t, name, pkg.Imports)
	}
}

func checkStandardOnly(t *testing.T, name string, imports []string) {
	for _, path := range imports {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			t.Errorf("package %s imports %s: it may use the standard library only", name, path)
		}
	}
}

func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
