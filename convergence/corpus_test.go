package convergence_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// TestCorpusPlans holds the plans of up for the projects of loader's corpus:
// want.up on an engine that has only what the lines "have:" say, want.changed
// on one where all of it runs, after the change that "change: FILE | OLD | NEW"
// makes.
func TestCorpusPlans(t *testing.T) {
	t.Setenv("HOME", "/home/muster")
	files, err := filepath.Glob("../loader/testdata/corpus/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d projects: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { corpusPlans(t, file) })
	}
}

func corpusPlans(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "app")
	in := loader.Input{WorkingDir: dir, Env: []string{"HOME=/home/muster"}, Key: testKey()}
	var have string
	var change []string
	for line := range strings.Lines(string(archive.Comment)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "env":
			in.Env = append(in.Env, value)
		case "files":
			in.Files = strings.Fields(value)
		case "env-files":
			in.EnvFiles = strings.Fields(value)
		case "profiles":
			in.Profiles = strings.Fields(value)
		case "project":
			in.ProjectName = value
		case "cwd":
			in.WorkingDir = filepath.Join(dir, value)
		case "have":
			have += value + "\n"
		case "change":
			change = strings.Split(value, " | ")
		}
	}
	if len(change) != 3 {
		t.Fatalf("no change: FILE | OLD | NEW: %q", change)
	}
	unpack(t, archive, dir, nil)
	was := loadCorpus(t, in)
	first := testCase{want: was, was: was, have: observation(t, was, was, have), command: []string{"up"}}.run(t)
	unpack(t, archive, dir, change)
	now := loadCorpus(t, in)
	second := testCase{want: now, was: was, have: observation(t, was, now, "everything\n"+have), command: []string{"up"}}.run(t)
	if strings.Contains(second, "nothing to do\n") {
		t.Errorf("the change changes nothing")
	}
	again := testCase{want: now, was: now, have: observation(t, now, now, "everything\n"+have), command: []string{"up"}}.run(t)
	nothing := false
	// What others wait to complete runs here, and is waited for.
	for _, said := range []string{"nothing to do\n", "pull_policy is ", "run the provider", " to be completed "} {
		nothing = nothing || strings.Contains(again, said)
	}
	if !nothing {
		t.Errorf("up of what runs is not nothing:\n%s", again)
	}
	corpusWant(t, file, archive, dir, "want.up", first)
	corpusWant(t, file, archive, dir, "want.changed", second)
}

func loadCorpus(t *testing.T, in loader.Input) *project.Project {
	t.Helper()
	p, _, err := loader.Load(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// unpack writes the files of a project, one of them changed.
func unpack(t *testing.T, archive *txtar.Archive, dir string, change []string) {
	t.Helper()
	changed := change == nil
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want") {
			continue
		}
		text := string(f.Data)
		if change != nil && f.Name == change[0] {
			changed = strings.Contains(text, change[1])
			text = strings.ReplaceAll(text, change[1], change[2])
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !changed {
		t.Fatalf("%s has no %q", change[0], change[1])
	}
}

func corpusWant(t *testing.T, file string, archive *txtar.Archive, dir, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, dir, "/app")
	for _, f := range archive.Files {
		if f.Name == name && string(f.Data) == got {
			return
		}
	}
	if !*update {
		t.Errorf("%s differs (go test -update rewrites it)\n%s", name, got)
		return
	}
	rewrite(t, file, archive, name, got)
}

// rewrite writes a section of an archive anew, at its place if it has one.
func rewrite(t *testing.T, file string, archive *txtar.Archive, name, got string) {
	t.Helper()
	at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
	if at < 0 {
		at = len(archive.Files)
		archive.Files = append(archive.Files, txtar.File{Name: name})
	}
	archive.Files[at].Data = []byte(got)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
