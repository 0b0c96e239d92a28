package docker

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/project"
)

// buildx writes files as `docker buildx` keeps them, and returns settings that
// look there.
func buildx(t *testing.T, files map[string]string, env map[string]string) (settings, *[]string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, "buildx", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var warnings []string
	opt := Options{
		ConfigDir: dir, Getenv: func(name string) string { return env[name] },
		Warn: func(text string) { warnings = append(warnings, text) },
	}
	return opt.settings(), &warnings
}

const (
	thisEngine  = "unix:///var/run/docker.sock"
	inContainer = `{"Name": "mine", "Driver": "docker-container", "Nodes": [{"Name": "mine0", "Endpoint": "default"}]}`
)

// TestChosenBuilder: the flag, BUILDX_BUILDER, what was used for the engine or
// for all of them, in this order; what is the engine's own BuildKit by any name;
// and what cannot be known.
func TestChosenBuilder(t *testing.T) {
	files := map[string]string{
		"instances/mine": inContainer, "instances/own": `{"Name": "own", "Driver": "docker", "Nodes": [{"Name": "own"}]}`,
		"instances/broken": "{", "instances/empty": `{"Name": "empty", "Driver": "remote"}`,
		"current": `{"Key": "` + thisEngine + `", "Name": "mine", "Global": false}`,
	}
	with := func(name, content string) map[string]string {
		changed := map[string]string{}
		for k, v := range files {
			changed[k] = v
		}
		changed[name] = content
		return changed
	}
	for _, tc := range []struct {
		name, flag string
		files      map[string]string
		env        map[string]string
		engine     string
		want, err  string
	}{
		{"nothing is chosen", "", nil, nil, thisEngine, "", ""},
		{"by use", "", files, nil, thisEngine, "mine", ""},
		{"by use, for another engine", "", files, nil, "tcp://elsewhere:2375", "", ""},
		{"by use, for all engines", "", with("current", `{"Key": "x", "Name": "mine", "Global": true}`), nil, "tcp://elsewhere:2375", "mine", ""},
		{"by use --default", "", with("defaults/eef8eb2f86f48f5c0013", "mine"), nil, "tcp://elsewhere:2375", "mine", ""},
		{"by use, removed since", "", with("current", `{"Key": "`+thisEngine+`", "Name": "gone"}`), nil, thisEngine, "", ""},
		{"by the variable", "", map[string]string{"instances/mine": inContainer}, map[string]string{"BUILDX_BUILDER": "mine"}, thisEngine, "mine", ""},
		{"by the flag", "Mine", files, map[string]string{"BUILDX_BUILDER": "own"}, thisEngine, "mine", ""},
		{"the engine's own", "default", files, nil, thisEngine, "", ""},
		{"the engine's own under a name", "own", files, nil, thisEngine, "", ""},
		{"unknown", "nope", files, nil, thisEngine, "", "no such builder"},
		{"no name", "../../etc/passwd", files, nil, thisEngine, "", "not a valid builder name"},
		{"broken", "broken", files, nil, thisEngine, "", "read its description"},
		{"without nodes", "empty", files, nil, thisEngine, "", "it has no node"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := buildx(t, tc.files, tc.env)
			b, _, err := s.chosenBuilder(tc.flag, tc.engine)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("err = %v, want one that says %q", err, tc.err)
				}
				return
			}
			got := ""
			if b != nil {
				got = b.Name
			}
			if err != nil || got != tc.want {
				t.Errorf("builder %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// TestBuildersThatCannotBeUsedAreNamed: each with its reason, once, and the
// engine's own BuildKit builds.
func TestBuildersThatCannotBeUsedAreNamed(t *testing.T) {
	for _, tc := range []struct{ name, instance, why string }{
		{"elsewhere", `{"Driver": "docker-container", "Nodes": [{"Name": "a0", "Endpoint": "tcp://other:2375"}]}`, "it runs on the engine at tcp://other:2375"},
		{"kubernetes", `{"Driver": "kubernetes", "Nodes": [{"Name": "a0", "Endpoint": "kubernetes:///a"}]}`, `its driver is "kubernetes"`},
		{"TLS", `{"Driver": "remote", "Nodes": [{"Name": "a0", "Endpoint": "tcp://b:1234", "DriverOpts": {"cacert": "/ca.pem"}}]}`, "it requires TLS (cacert)"},
		{"a scheme", `{"Driver": "remote", "Nodes": [{"Name": "a0", "Endpoint": "kube-pod://x"}]}`, "its endpoint is kube-pod://x, and only tcp:// and unix:// are supported"},
		{"nobody listens", `{"Driver": "remote", "Nodes": [{"Name": "a0", "Endpoint": "unix:///nobody/listens"}]}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, warnings := buildx(t, map[string]string{"instances/a": tc.instance}, nil)
			s.Builder = build.BuildKit{}
			e := &Engine{settings: s, endpoint: endpoint{host: thisEngine}}
			ctx := t.Context()
			if tc.why == "" { // which is waited for, as a builder may only be starting
				stopped, stop := context.WithCancel(ctx)
				stop()
				ctx = stopped
			}
			spec := engine.BuildSpec{Builder: "a", Service: &project.Service{Name: "web"}}
			for range 2 {
				if e.remoteBuilder(ctx, spec) != nil {
					t.Error("it is used")
				}
			}
			want := `not using builder "a": ` + tc.why
			if len(*warnings) != 1 || !strings.HasPrefix((*warnings)[0], want) || !strings.HasSuffix((*warnings)[0], "using the engine's own BuildKit instead") {
				t.Errorf("warnings %q, want one that says %q", *warnings, want)
			}
		})
	}
}
