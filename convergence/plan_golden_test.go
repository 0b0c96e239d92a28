package convergence_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

var update = flag.Bool("update", false, "rewrite the want sections of golden files")

// TestPlans holds the planners to testdata/plan: each file is a compose.yaml, a
// command, what the engine has, and the plan that must come of it. have starts
// from what was.yaml (or else compose.yaml) once asked for; see observation_test.go.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := readCase(t, archive)
	got := c.run(t)
	if *update {
		rewrite(t, file, archive, "want", got)
		return
	}
	if want := c.section("want"); got != want {
		t.Errorf("plan differs (go test -update rewrites it)\n--- got\n%s--- want\n%s", got, want)
	}
}

// testCase is a golden file, loaded.
type testCase struct {
	archive *txtar.Archive
	want    *project.Project
	was     *project.Project
	have    engine.Observed
	command []string
}

func readCase(t *testing.T, a *txtar.Archive) testCase {
	t.Helper()
	c := testCase{archive: a}
	c.command = strings.Fields(c.section("command"))
	if len(c.command) == 0 {
		c.command = []string{"up"}
	}
	c.want = load(t, c.section("compose.yaml"), c.section("env"))
	c.was = c.want
	if was := c.section("was.yaml"); was != "" {
		c.was = load(t, was, c.section("env"))
	}
	c.have = observation(t, c.was, c.want, c.section("have"))
	return c
}

func (c testCase) section(name string) string {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// load loads a file as project demo from a directory of its own, which is the
// same for every test: paths are part of hashes.
func load(t testing.TB, yaml, env string) *project.Project {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, err := loader.Load(context.Background(), loader.Input{
		Key:   testKey(),
		Files: []string{"compose.yaml"}, WorkingDir: dir, ProjectName: "demo", Env: strings.Fields(env), AllResources: true,
	})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return p
}

// run plans the command and prints the outcome.
func (c testCase) run(t *testing.T) string {
	t.Helper()
	p, err := planCommand(t, c.want, c.have, c.command)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	checkPlan(t, p)
	var b strings.Builder
	b.WriteString(p.String())
	if p.Empty() {
		b.WriteString("nothing to do\n")
	}
	for _, r := range p.Unchanged {
		fmt.Fprintf(&b, "unchanged: %s\n", r.Name)
	}
	if p.Provisional {
		b.WriteString("provisional\n")
	}
	return b.String()
}

// checkPlan holds every plan to what all plans promise.
func checkPlan(t *testing.T, p plan.Plan) {
	t.Helper()
	if _, err := p.Graph(); err != nil {
		t.Errorf("not a graph: %v", err)
	}
	done := map[plan.StepID]bool{}
	for _, s := range p.Steps {
		if s.Reason == "" {
			t.Errorf("step %s has no reason", s.ID)
		}
		for _, n := range s.Needs {
			if !done[n] {
				t.Errorf("step %s comes before %s, which it needs", s.ID, n)
			}
		}
		done[s.ID] = true
	}
	for _, left := range leftApart(p) {
		t.Error(left)
	}
}
