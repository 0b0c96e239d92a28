package loader_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// testCase is a txtar archive: a description with options, the files of a
// project, and what loading them gives.
type testCase struct {
	path    string
	archive *txtar.Archive
	dir     string
	in      loader.Input
}

// openCase unpacks an archive into a directory of its own. Lines "option: value"
// of its comment set options.
func openCase(t *testing.T, path string) *testCase {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "app")
	c := &testCase{path: path, archive: archive, dir: dir}
	c.in = loader.Input{WorkingDir: dir, Env: []string{"HOME=/home/muster"}}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want") {
			continue
		}
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	for _, line := range strings.Split(string(archive.Comment), "\n") {
		c.option(t, line)
	}
	return c
}

func (c *testCase) option(t *testing.T, line string) {
	t.Helper()
	name, value, ok := strings.Cut(line, ": ")
	if !ok || strings.ContainsRune(name, ' ') {
		return
	}
	switch words := strings.Fields(value); name {
	case "change", "have": // for the plans of the corpus, see convergence
	case "env":
		c.in.Env = append(c.in.Env, value)
	case "files":
		c.in.Files = words
	case "env-files":
		c.in.EnvFiles = words
	case "profiles":
		c.in.Profiles = words
	case "services":
		c.in.Services = words
	case "project":
		c.in.ProjectName = value
	case "dir":
		c.in.Dir = value
	case "cwd":
		c.in.WorkingDir = filepath.Join(c.dir, value)
	case "stdin":
		c.in.Stdin = bytes.NewReader(c.file(value))
	case "all-resources":
		c.in.AllResources = true
	case "no-path-resolution":
		c.in.NoPathResolution = true
	default:
		t.Fatalf("%s: unknown option %q", c.path, name)
	}
}

func (c *testCase) file(name string) []byte {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// want compares with a golden part of the archive, or rewrites it.
func (c *testCase) want(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, c.dir, "/app")
	if want := string(c.file(name)); got == want || !*update {
		if got != want {
			t.Errorf("%s differs\n got:\n%s\nwant:\n%s", name, got, want)
		}
		return
	}
	i := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		i = len(c.archive.Files)
		c.archive.Files = append(c.archive.Files, txtar.File{Name: name})
	}
	c.archive.Files[i].Data = []byte(got)
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// each runs a test for every archive of a directory and fails if there are
// fewer than at least.
func each(t *testing.T, dir string, atLeast int, run func(t *testing.T, c *testCase)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < atLeast {
		t.Errorf("testdata/%s holds %d cases, want at least %d", dir, len(paths), atLeast)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { run(t, openCase(t, path)) })
	}
}

func diagnostics(warnings []loader.Warning, err error) string {
	var b strings.Builder
	if err != nil {
		b.WriteString(err.Error() + "\n")
	}
	for _, w := range warnings {
		b.WriteString("warning: " + w.String() + "\n")
	}
	return b.String()
}

// TestInvalid holds every broken file to the diagnostics it is known to give.
func TestInvalid(t *testing.T) {
	each(t, "invalid", 85, func(t *testing.T, c *testCase) {
		_, warnings, err := loader.Load(context.Background(), c.in)
		if err == nil {
			t.Error("a broken file loads")
		}
		said := diagnostics(warnings, err)
		if strings.Contains(said, "hunter2") {
			t.Errorf("a secret is told:\n%s", said)
		}
		c.want(t, "want", said)
	})
}

// TestValid holds the resolved model of valid files to what is known, and
// checks that reading it back gives the same bytes in either format.
func TestValid(t *testing.T) {
	each(t, "valid", 15, func(t *testing.T, c *testCase) {
		p, warnings, err := loader.Load(context.Background(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.Select(c.in.Services...); err != nil {
			t.Fatal(err)
		}
		out := render(t, p, loader.YAML)
		c.want(t, "want.yaml", string(out))
		c.want(t, "want.warnings", diagnostics(warnings, nil))
		for _, format := range []loader.Format{loader.YAML, loader.JSON} {
			again, _, err := loader.Load(context.Background(), loader.Input{
				Files: []string{"-"}, Stdin: bytes.NewReader(render(t, p, format)), WorkingDir: c.dir,
				Profiles: []string{"*"}, AllResources: true,
			})
			if err != nil {
				t.Fatalf("read back %s: %v", format, err)
			}
			if got := render(t, again, loader.YAML); !bytes.Equal(got, out) {
				t.Errorf("read back from %s:\n%s\nwritten first:\n%s", format, got, out)
			}
			sameHashes(t, p, again)
		}
	})
}

func render(t *testing.T, p *project.Project, format loader.Format) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := loader.Render(&out, p, loader.RenderOptions{Format: format}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sameHashes(t *testing.T, a, b *project.Project) {
	t.Helper()
	for _, s := range a.Services {
		other := b.Service(s.Name)
		if other == nil {
			t.Errorf("service %s is lost", s.Name)
		} else if s.Hash != other.Hash {
			t.Errorf("service %s: hash %s becomes %s", s.Name, s.Hash, other.Hash)
		}
	}
}
