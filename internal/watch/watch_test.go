package watch_test

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/watch"
	"github.com/musterdev/muster/project"
)

// tree writes files and returns the folder, its links resolved.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		write(t, filepath.Join(dir, f), f)
	}
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rules are those of a service "web" that builds from dir.
func rules(t *testing.T, dir string, triggers ...types.Trigger) []watch.Rule {
	t.Helper()
	s := types.ServiceConfig{Name: "web", Build: &types.BuildConfig{Context: dir}, Develop: &types.DevelopConfig{Watch: triggers}}
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
	if err != nil {
		t.Fatal(err)
	}
	rs, _, err := watch.Rules(p, p.Services)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestDecide(t *testing.T) {
	dir := tree(t, "src/a.go", "src/b.txt", "src/skip/x", "web/index.html", "go.mod", ".dockerignore")
	write(t, filepath.Join(dir, ".dockerignore"), "src/skip\n**/*.log\n!src/keep.log\n")
	rs := rules(t, dir,
		types.Trigger{Path: filepath.Join(dir, "src"), Action: "sync", Target: "/app", Ignore: []string{"*.txt"}},
		types.Trigger{Path: filepath.Join(dir, "web"), Action: "sync+restart", Target: "/www", Include: []string{"*.html"}},
		types.Trigger{Path: filepath.Join(dir, "go.mod"), Action: "rebuild"},
	)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tc := range []struct {
		name    string
		changed []string
		want    []watch.Work
	}{
		{"synced", []string{"src/a.go"}, []watch.Work{{Service: "web", Sync: []watch.File{{at("src/a.go"), "/app/a.go"}}}}},
		{"ignored by the rule", []string{"src/b.txt"}, nil},
		{"ignored by the build context", []string{"src/skip/x", "src/debug.log"}, nil},
		{"kept by an exception", []string{"src/keep.log"}, []watch.Work{{Service: "web", Sync: []watch.File{{at("src/keep.log"), "/app/keep.log"}}}}},
		{"ignored by nature", []string{"src/.git/HEAD", "src/a.go~", "src/.a.go.swp", "src/4913"}, nil},
		{"included", []string{"web/index.html", "web/style.css"}, []watch.Work{{Service: "web", Restart: true, Sync: []watch.File{{at("web/index.html"), "/www/index.html"}}}}},
		{"rebuild wins", []string{"src/a.go", "go.mod", "web/index.html"}, []watch.Work{{Service: "web", Rebuild: true}}},
		{"elsewhere", []string{"other"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var changed []string
			for _, c := range tc.changed {
				changed = append(changed, at(c))
			}
			got := watch.Decide(rs, changed)
			slices.Reverse(changed)
			if again := watch.Decide(rs, append(changed, changed...)); !reflect.DeepEqual(got, again) {
				t.Errorf("order or repetition matters: %v, %v", got, again)
			}
			if len(got) != len(tc.want) || len(got) > 0 && !reflect.DeepEqual(got, tc.want) {
				t.Errorf("Decide = %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestRulesRefuse(t *testing.T) {
	dir := tree(t, "f")
	for _, tr := range []types.Trigger{
		{Path: filepath.Join(dir, "missing"), Action: "sync", Target: "/x"},
		{Path: dir, Action: "sync"},
		{Path: dir, Action: "sync+exec", Target: "/x"},
		{Path: dir, Action: "rebuild"},
	} {
		s := types.ServiceConfig{Name: "web", Image: "i", Develop: &types.DevelopConfig{Watch: []types.Trigger{tr}}}
		p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := watch.Rules(p, p.Services); err == nil {
			t.Errorf("%+v is accepted", tr)
		}
	}
}

func TestBindMountsAreNotSynced(t *testing.T) {
	dir := tree(t, "f")
	s := types.ServiceConfig{
		Name: "web", Image: "i", Volumes: []types.ServiceVolumeConfig{{Type: "bind", Source: dir, Target: "/app"}},
		Develop: &types.DevelopConfig{Watch: []types.Trigger{{Path: dir, Action: "sync", Target: "/app"}}},
	}
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
	if err != nil {
		t.Fatal(err)
	}
	rs, warnings, err := watch.Rules(p, p.Services)
	if err != nil || len(rs) != 0 || len(warnings) != 1 {
		t.Errorf("Rules = %v, %v, %v", rs, warnings, err)
	}
}

// TestWatcher: edits, new folders with files in them, replaced files and
// deletions are noticed; ignored folders are not even watched.
func TestWatcher(t *testing.T) {
	dir := tree(t, "a", "sub/b", "node_modules/x")
	rs := rules(t, dir, types.Trigger{Path: dir, Action: "sync", Target: "/app", Ignore: []string{"node_modules"}})
	w, err := watch.NewWatcher(rs)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	batches := make(chan []string, 100)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, func(paths []string) { batches <- paths }, func() {}) }()
	expect := func(names ...string) {
		t.Helper()
		missing := map[string]bool{}
		for _, n := range names {
			missing[filepath.Join(dir, n)] = true
		}
		for len(missing) > 0 {
			for _, p := range <-batches {
				if strings.Contains(p, "node_modules") {
					t.Errorf("%s is ignored", p)
				}
				delete(missing, p)
			}
		}
	}
	write(t, filepath.Join(dir, "node_modules/x"), "changed")
	write(t, filepath.Join(dir, "a"), "changed")
	expect("a")
	write(t, filepath.Join(dir, "new/deep/er/file"), "content")
	expect("new/deep/er/file")
	write(t, filepath.Join(dir, "new/deep/er/second"), "content")
	expect("new/deep/er/second")
	if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "sub/b")); err != nil {
		t.Fatal(err)
	}
	expect("a", "sub/b")
	stop := errors.New("enough")
	cancel(stop)
	if err := <-done; err != stop {
		t.Errorf("Run = %v, want the cause", err)
	}
}

// recorder is a container that remembers what was done to it.
type recorder struct {
	files   map[string]string
	command []string
}

func (r *recorder) CopyArchive(_ context.Context, _ convergence.Ref, folder string, archive io.Reader, _ bool) error {
	for tr := tar.NewReader(archive); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			return err
		}
		r.files[folder+h.Name] = string(b)
	}
}

func (r *recorder) Exec(_ context.Context, _ convergence.Ref, spec convergence.ExecSpec) (convergence.ExecResult, error) {
	r.command = spec.Command
	return convergence.ExecResult{}, nil
}

func TestSync(t *testing.T) {
	dir := tree(t, "a")
	r := &recorder{files: map[string]string{}}
	files := []watch.File{{filepath.Join(dir, "a"), "/app/a"}, {filepath.Join(dir, "gone"), "/app/-gone"}}
	if err := watch.Sync(t.Context(), r, convergence.Ref{Name: "web-1"}, true, files); err != nil {
		t.Fatal(err)
	}
	if r.files["/app/a"] != "a" || len(r.files) != 1 {
		t.Errorf("files = %v", r.files)
	}
	if !slices.Equal(r.command, []string{"rm", "-rf", "--", "/app/-gone"}) {
		t.Errorf("command = %v", r.command)
	}
}
