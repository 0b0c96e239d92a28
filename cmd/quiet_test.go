package cmd

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
)

// talkative is an engine that tells of layers and of what builds print.
type talkative struct {
	*memengine.Engine
	ssh []string // what builds were given
}

func (e *talkative) PullImage(ctx context.Context, ref engine.ImageRef, report func(engine.Progress)) error {
	report(engine.Progress{ID: "0123456789ab", Phase: engine.Working, Text: "Downloading", Current: 1, Total: 2})
	report(engine.Progress{ID: "0123456789ab", Phase: engine.Done, Text: "Pull complete"})
	return e.Engine.PullImage(ctx, ref, report)
}

func (e *talkative) BuildImage(ctx context.Context, spec engine.BuildSpec, report func(engine.Progress)) error {
	e.ssh = spec.SSH
	if !spec.Quiet {
		report(engine.Progress{ID: "Image " + spec.Service.Image, Service: spec.Service.Name, Phase: engine.Working, Text: "Building", Details: "compiling"})
	}
	return e.Engine.BuildImage(ctx, spec, report)
}

func newTalkative(t *testing.T, files map[string]string) (*talkative, *shelf) {
	h := newShelf(t, files)
	h.engine.Publish(memengine.Image{Ref: "muster-test/far:1"})
	return &talkative{Engine: h.engine}, h
}

func (e *talkative) run(h *shelf, args ...string) string {
	h.Helper()
	var out, errs bytes.Buffer
	app := h.app(&out, &errs)
	app.Connect = func(docker.Options) (engine.Engine, error) { return e, nil }
	if code := Main(app, args); code != 0 {
		h.Fatalf("muster %v: %d\n%s%s", args, code, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// TestQuietFlags: each quiets what it names and nothing else, in every command
// that pulls and builds.
func TestQuietFlags(t *testing.T) {
	const file = `
services:
  far: {image: "muster-test/far:1", command: "true"}
  made: {build: ., command: "true", depends_on: [far]}
`
	for _, c := range []struct {
		args           []string
		layers, builds bool
	}{
		{[]string{"up", "-d"}, true, true},
		{[]string{"up", "-d", "--quiet-pull"}, false, true},
		{[]string{"up", "-d", "--quiet-build"}, true, false},
		{[]string{"up", "-d", "--quiet-pull", "--quiet-build"}, false, false},
		{[]string{"create"}, true, true},
		{[]string{"create", "--quiet-pull"}, false, true},
		{[]string{"run", "-T", "made"}, true, true},
		{[]string{"run", "-T", "--quiet-pull", "made"}, false, true},
		{[]string{"run", "-T", "--quiet-build", "made"}, true, false},
		{[]string{"run", "-T", "-q", "made"}, false, false},
		{[]string{"pull", "far"}, true, false},
		{[]string{"pull", "-q", "far"}, false, false},
		{[]string{"build"}, false, true},
		{[]string{"build", "-q"}, false, false},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			e, h := newTalkative(t, map[string]string{"compose.yaml": file, "Dockerfile": "FROM scratch\n"})
			out := e.run(h, c.args...)
			if layers := strings.Contains(out, "0123456789ab"); layers != c.layers {
				t.Errorf("layers are told: %t\n%s", layers, out)
			}
			if builds := strings.Contains(out, "compiling"); builds != c.builds {
				t.Errorf("what the build prints is told: %t\n%s", builds, out)
			}
		})
	}
}

// TestPathsOfSSH: those of --ssh are of the folder that the command runs in, those
// of the file are the project's.
func TestPathsOfSSH(t *testing.T) {
	e, h := newTalkative(t, map[string]string{
		"app/compose.yaml": "services: {made: {build: {context: ., ssh: [deploy=keys/file]}}}\n", "app/Dockerfile": "FROM scratch\n",
		"app/keys/file": "", "keys/id": "", "other": "", "~/id": "",
	})
	for _, c := range []struct{ flag, want string }{
		{"default", "default"},
		{"git=keys/id", "git=" + filepath.Join(h.dir, "keys/id")},
		{"git=keys/id,./other", "git=" + filepath.Join(h.dir, "keys/id") + "," + filepath.Join(h.dir, "other")},
		{"git=" + filepath.Join(h.dir, "other"), "git=" + filepath.Join(h.dir, "other")},
		{"git=~/id", "git=" + filepath.Join(h.dir, "~/id")}, // the shell's to expand
	} {
		e.run(h, "-f", "app/compose.yaml", "build", "--ssh", c.flag)
		if !slices.Equal(e.ssh, []string{c.want}) {
			t.Errorf("--ssh %s: builds are given %q", c.flag, e.ssh)
		}
		if out := e.run(h, "-f", "app/compose.yaml", "build", "--print", "--ssh", c.flag); !strings.Contains(out, `"`+c.want+`"`) {
			t.Errorf("--ssh %s: bake is told\n%s", c.flag, out)
		}
	}
	if out := e.run(h, "-f", "app/compose.yaml", "build", "--print"); !strings.Contains(out, `"deploy=`+filepath.Join(h.dir, "app/keys/file")+`"`) {
		t.Errorf("the file's own: bake is told\n%s", out)
	}
}
