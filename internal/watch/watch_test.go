package watch_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

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
		{"what is no rule's own", []string{"Dockerfile", "compose.yaml"}, nil},
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

// TestWhatDescribesTheServiceIsNotSynced: a Dockerfile and Compose files beside
// what is synced stay outside, at every time, and make a rebuild all the same.
func TestWhatDescribesTheServiceIsNotSynced(t *testing.T) {
	dir := tree(t, "Dockerfile", "compose.yaml", "docker-compose.dev.yml", "app/Dockerfile", "app/compose.yaml", "build/Image.docker")
	s := types.ServiceConfig{Name: "web", Build: &types.BuildConfig{Context: dir, Dockerfile: "build/Image.docker"}, Develop: &types.DevelopConfig{Watch: []types.Trigger{
		{Path: dir, Action: "sync", Target: "/app", Extensions: types.Extensions{"x-initialSync": true}}, // the old name
	}}}
	rebuilt := s
	rebuilt.Name, rebuilt.Develop = "api", &types.DevelopConfig{Watch: []types.Trigger{{Path: dir, Action: "rebuild"}}}
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", WorkingDir: dir, Services: types.Services{"web": s, "api": rebuilt}}})
	if err != nil {
		t.Fatal(err)
	}
	rs, _, err := watch.Rules(p, p.Services)
	if err != nil {
		t.Fatal(err)
	}
	synced := []string{"app/Dockerfile", "app/compose.yaml"}
	var got []string
	for _, r := range rs {
		files, err := watch.Initial(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			rel, err := filepath.Rel(dir, f.Host)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rel)
		}
	}
	if !slices.Equal(got, synced) {
		t.Errorf("at first %v, want %v", got, synced)
	}
	work := watch.Decide(rs, []string{filepath.Join(dir, "Dockerfile"), filepath.Join(dir, "compose.yaml"), filepath.Join(dir, "build/Image.docker")})
	if len(work) != 1 || !work[0].Rebuild {
		t.Errorf("later %+v, want a rebuild and no sync", work)
	}
}

// TestIgnoreFiles: the build's ignore file counts from the build context, wherever
// the watched path lies in it, and that of the Dockerfile wins over the context's.
func TestIgnoreFiles(t *testing.T) {
	for _, tc := range []struct {
		name, file, text string
		path             string
		in, out          []string
	}{
		{"everything but", ".dockerignore", "*\n!web\n", "web", []string{"web/a"}, nil},
		{"by a star in the middle", ".dockerignore", "*/tmp\n", "web", []string{"web/a"}, []string{"web/tmp/x"}},
		{"from the root", ".dockerignore", "/web/tmp/\n# web\n\n", "web", []string{"web/a"}, []string{"web/tmp/x"}},
		{"of a name elsewhere", ".dockerignore", "tmp\n", "web", []string{"web/tmp/x"}, nil},
		{"of the Dockerfile", "Dockerfile.dockerignore", "web/a\n", "web", []string{"web/tmp/x"}, []string{"web/a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := tree(t, "web/a", "web/tmp/x")
			if tc.file != ".dockerignore" {
				write(t, filepath.Join(dir, ".dockerignore"), "web/tmp\n")
			}
			write(t, filepath.Join(dir, tc.file), tc.text)
			r := rules(t, dir, types.Trigger{Path: filepath.Join(dir, tc.path), Action: "sync", Target: "/app"})[0]
			for _, f := range tc.in {
				if !r.Matches(filepath.Join(dir, f)) {
					t.Errorf("%s is left out", f)
				}
			}
			for _, f := range tc.out {
				if r.Matches(filepath.Join(dir, f)) {
					t.Errorf("%s is not left out", f)
				}
			}
		})
	}
}

// TestIgnoredPathIsSaid: a rule that can never do anything is not dropped silently;
// a file that a rule names is watched whatever the build thinks of it.
func TestIgnoredPathIsSaid(t *testing.T) {
	dir := tree(t, "dist/x", "go.mod")
	write(t, filepath.Join(dir, ".dockerignore"), "dist\ngo.mod\n")
	s := types.ServiceConfig{Name: "web", Build: &types.BuildConfig{Context: dir}, Develop: &types.DevelopConfig{Watch: []types.Trigger{
		{Path: filepath.Join(dir, "dist"), Action: "sync", Target: "/app"}, {Path: filepath.Join(dir, "go.mod"), Action: "rebuild"},
	}}}
	p, err := project.New(project.Input{Compose: &types.Project{Name: "p", Services: types.Services{"web": s}}})
	if err != nil {
		t.Fatal(err)
	}
	rs, warnings, err := watch.Rules(p, p.Services)
	if err != nil || len(rs) != 1 || !rs[0].Matches(filepath.Join(dir, "go.mod")) || len(warnings) != 1 {
		t.Errorf("Rules = %v, %q, %v", rs, warnings, err)
	}
}
