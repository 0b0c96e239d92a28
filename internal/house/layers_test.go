package house_test

import (
	"slices"
	"strconv"
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
		"loader", "project", "engine", "convergence/plan", "convergence/up", "convergence/up/images", "convergence/apply", "convergence/output",
		"internal/operation", "internal/foreground",
		"internal/docker", "internal/build", "internal/ui", "internal/watch", "internal/host", "internal/hostfile", "internal/lock", "internal/keyfile",
		"internal/keeper", "internal/metrics", "internal/stats", "internal/transfer", "internal/plugins", "github.com/spf13/cobra",
	},
	"loader":          {"loader/node", "loader/rules", "loader/env", "loader/hint", "loader/quantity", "internal/hostfile", "project", "depgraph", "restartpolicy", "github.com/compose-spec/compose-go/v2", "gopkg.in/yaml.v3"},
	"loader/env":      {"project"},
	"loader/hint":     {},
	"loader/quantity": {"loader/node", "github.com/compose-spec/compose-go/v2"},
	"loader/rules":    {"loader/node", "loader/hint", "loader/quantity", "project", "depgraph", "restartpolicy", "github.com/compose-spec/compose-go/v2"},
	"loader/node":     {"project", "github.com/compose-spec/compose-go/v2"},
	"project":         {"depgraph", "restartpolicy", "github.com/compose-spec/compose-go/v2/types"},
	"depgraph":        {},
	"restartpolicy":   {},

	"engine":                {"project", "restartpolicy"},
	"engine/feed":           {"engine", "restartpolicy"},
	"convergence":           {},
	"convergence/plan":      {"engine", "project", "depgraph"},
	"convergence/up":        {"convergence/plan", "convergence/up/creation", "convergence/up/divergence", "convergence/up/emit", "convergence/up/fate", "convergence/up/images", "convergence/up/survey", "engine", "project", "depgraph", "restartpolicy", "golang.org/x/sync"},
	"convergence/apply":     {"convergence/plan", "engine", "engine/feed", "project", "golang.org/x/sync"},
	"convergence/supervise": {"convergence/plan", "convergence/apply", "engine", "engine/feed", "project", "restartpolicy"},
	"convergence/output":    {"engine", "engine/feed", "project", "golang.org/x/sync"},

	"convergence/up/creation":   {"convergence/plan", "engine", "project", "restartpolicy"},
	"convergence/up/divergence": {"convergence/plan", "convergence/up/creation", "engine", "project"},
	"convergence/up/emit":       {"convergence/plan", "convergence/up/creation", "convergence/up/fate", "convergence/up/images", "convergence/up/survey", "engine", "project"},
	"convergence/up/fate":       {"convergence/plan", "engine"},
	"convergence/up/images":     {"convergence/plan", "convergence/up/creation", "engine", "project"},
	"convergence/up/survey":     {"convergence/plan", "convergence/up/creation", "convergence/up/fate", "engine", "project", "depgraph"},

	"internal/docker/attributes": {},
	"internal/memengine/shell":   {},
	"internal/docker/request":    {"engine", "project", "github.com/docker/docker", "github.com/compose-spec/compose-go/v2/types"},

	"internal/docker":     {"internal/docker/request", "internal/hostfile", "engine", "project", "restartpolicy", "internal/builder", "github.com/docker/docker", "github.com/docker/cli", "github.com/compose-spec/compose-go/v2/types"},
	"internal/builder":    {"engine", "github.com/docker/cli"},
	"internal/build":      {"internal/builder", "internal/hostfile", "convergence/up/images", "engine", "project", "golang.org/x/sync", "github.com/moby/buildkit", "github.com/docker/docker", "github.com/docker/cli", "github.com/compose-spec/compose-go/v2/types"},
	"internal/ui":         {"convergence/plan", "convergence/apply", "convergence/output", "engine", "project", "loader", "restartpolicy", "internal/metrics"},
	"internal/enginetest": {"engine", "project", "internal/patience", "github.com/compose-spec/compose-go/v2/types"},
	"internal/memengine":  {"internal/memengine/shell", "engine", "project", "restartpolicy", "github.com/compose-spec/compose-go/v2/types"},
	"internal/keeper": {
		"convergence/plan", "convergence/supervise", "engine", "engine/feed", "project", "restartpolicy",
		"internal/host", "internal/lock", "internal/metrics", "internal/notify", "internal/ui", "golang.org/x/sync",
	},
	"internal/watch":    {"internal/hostfile", "engine", "project", "github.com/compose-spec/compose-go/v2/types"},
	"internal/stats":    {"engine", "engine/feed", "internal/ui"},
	"internal/transfer": {"engine"},
	"internal/foreground": {
		"convergence/plan", "convergence/up", "convergence/apply", "convergence/supervise", "convergence/output", "engine", "engine/feed", "project", "restartpolicy",
		"internal/operation", "internal/keeper", "internal/watch", "internal/host", "internal/lock", "internal/ui", "golang.org/x/sync",
	},
	"internal/operation": {"convergence/plan", "convergence/up", "convergence/apply", "engine", "engine/feed", "project", "internal/lock"},
	"internal/plugins":   {"convergence/plan", "engine"},
	"internal/hostfile":  {},
	"internal/notify":    {"convergence/supervise", "project"},
	"internal/metrics":   {"convergence/supervise", "restartpolicy", "golang.org/x/sync"},
	"internal/lock":      {},
	"internal/keyfile":   {},
	"internal/host":      {"convergence/plan"},
	"internal/patience":  {},
	"internal/testrun":   {},
	"test/faultproxy":    {},
	"test/faultmatrix":   {},
	"internal/house":     {},
	"test/bench":         {"github.com/docker/docker", "golang.org/x/sync", "github.com/moby/buildkit/session", "github.com/tonistiigi/fsutil"},
}

// guarded are the libraries that only the packages naming them may import.
var guarded = []string{
	"github.com/docker/docker", "github.com/docker/cli", "github.com/moby/buildkit",
	"github.com/compose-spec/compose-go/v2", "gopkg.in/yaml.v3", "github.com/spf13/cobra",
}

// TestLayers fails when a package imports what the architecture keeps from it,
// on whatever platform, or when it has no package comment.
func TestLayers(t *testing.T) {
	imports, documented := map[string][]string{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		name := strings.TrimSuffix(s.dir(), ".")
		documented[name] = documented[name] || s.file.Doc != nil
		for _, i := range s.file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imports[name] = append(imports[name], path)
		}
	}
	for name := range documented {
		allowed, known := mayImport[name]
		switch {
		case !known:
			t.Errorf("package %s is missing in the import table", name)
		case !documented[name]:
			t.Errorf("package %s has no package comment", name)
		}
		for _, path := range imports[name] {
			checkImport(t, name, path, allowed)
		}
	}
	for name := range mayImport {
		if _, exists := documented[name]; !exists {
			t.Errorf("package %s is in the import table and does not exist", name)
		}
	}
}

func checkImport(t *testing.T, name, path string, allowed []string) {
	local, ours := strings.CutPrefix(path, module)
	if ours && !slices.Contains(allowed, local) {
		t.Errorf("package %s imports %s: not allowed", name, local)
	}
	for _, g := range guarded {
		if inside(path, g) && !slices.ContainsFunc(allowed, func(a string) bool { return inside(path, a) }) {
			t.Errorf("package %s imports %s: only the packages that own it may", name, path)
		}
	}
	if first, _, _ := strings.Cut(path, "/"); len(allowed) == 0 && name != "internal/lock" && strings.Contains(first, ".") {
		t.Errorf("package %s imports %s: it may use the standard library only", name, path)
	}
}

// inside reports whether the import path is the root's or below it.
func inside(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
