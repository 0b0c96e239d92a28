//go:build e2e

package build_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/build"
	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/project"
)

const base = "muster-test/busybox:1"

// engine is a client of the real engine; without one the test fails.
func connectedEngine(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err == nil {
		_, err = c.Ping(t.Context())
	}
	if err != nil {
		t.Fatalf("these tests need an engine: %v", err)
	}
	return c
}

// folder writes files below a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// buildImage builds one service and returns the progress lines and the error.
func buildImage(t *testing.T, c *client.Client, compose types.Project, change func(*engine.BuildSpec)) (string, error) {
	t.Helper()
	compose.Name = testrun.Current(t).Name("bk-" + strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())))
	p, err := project.New(project.Input{Compose: &compose})
	if err != nil {
		t.Fatal(err)
	}
	spec := engine.BuildSpec{Project: p, Service: p.Services[0]}
	if change != nil {
		change(&spec)
	}
	t.Cleanup(func() {
		_, _ = c.ImageRemove(context.Background(), spec.Service.Image, image.RemoveOptions{Force: true})
	})
	var log strings.Builder
	ctx, cancel := patience.OfEngine().Context(t.Context())
	defer cancel()
	err = build.BuildKit{}.Build(ctx, c, spec, builder.Options{}, func(p engine.Progress) { fmt.Fprintln(&log, p.Details) })
	return log.String(), err
}

func service(b types.BuildConfig) types.Services {
	return types.Services{"app": {Name: "app", Build: &b}}
}

func TestBuildUnderstandsModernDockerfiles(t *testing.T) {
	c := connectedEngine(t)
	if !(build.BuildKit{}).Supported(t.Context(), c) {
		t.Fatal("the engine has no BuildKit")
	}
	dir := folder(t, map[string]string{
		"Dockerfile": `# syntax=docker/dockerfile:1
FROM ` + base + ` AS one
ARG WHO
RUN --mount=type=secret,id=token <<EOS
set -e
test "$(cat /run/secrets/token)" = hunter2
echo "hello $WHO" > /hello
EOS
COPY --from=extra /note /note
COPY . /src
RUN test ! -e /src/huge && test -e /src/small && cat /hello /note
FROM scratch
COPY --from=one /hello /note /
LABEL from=dockerfile
`,
		".dockerignore": "huge\n",
		"huge":          strings.Repeat("x", 1<<20),
		"small":         "small",
	})
	extra := folder(t, map[string]string{"note": "a note\n"})
	who := "world"
	log, err := buildImage(t, c, types.Project{
		Secrets:     types.Secrets{"token": {Environment: "TOKEN"}},
		Environment: types.Mapping{"TOKEN": "hunter2"},
		Services: service(types.BuildConfig{
			Context: dir, Args: types.MappingWithEquals{"WHO": &who}, Labels: types.Labels{"mine": "yes"},
			Secrets:            []types.ServiceSecretConfig{{Source: "token"}},
			AdditionalContexts: types.Mapping{"extra": extra}, NoCache: true,
		}),
	}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if !strings.Contains(log, "hello world") || strings.Contains(log, "hunter2") {
		t.Errorf("progress = %s", log)
	}
	img, err := c.ImageInspect(t.Context(), testrun.Current(t).Name("bk-testbuildunderstandsmoderndockerfiles-app"))
	if err != nil {
		t.Fatal(err)
	}
	if img.Config.Labels["from"] != "dockerfile" || img.Config.Labels["mine"] != "yes" {
		t.Errorf("labels = %v", img.Config.Labels)
	}
}

func TestBuildInline(t *testing.T) {
	c := connectedEngine(t)
	dir, second := folder(t, map[string]string{"file": "content"}), testrun.Current(t).Name("bk-second:tag")
	log, err := buildImage(t, c, types.Project{Services: service(types.BuildConfig{
		Context: dir, DockerfileInline: "FROM scratch\nCOPY file /file\nCMD [\"/file\"]\n", Tags: types.StringList{second},
	})}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if _, err := c.ImageInspect(t.Context(), second); err != nil {
		t.Error(err)
	}
	if _, err := c.ImageRemove(t.Context(), second, image.RemoveOptions{}); err != nil {
		t.Error(err)
	}
}

func TestBuildFailureShowsTheLine(t *testing.T) {
	c := connectedEngine(t)
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + base + "\nRUN echo before\nRUN echo 'it broke' && exit 3\n"})
	_, err := buildImage(t, c, types.Project{Services: service(types.BuildConfig{Context: dir})}, nil)
	if err == nil {
		t.Fatal("the build succeeded")
	}
	for _, want := range []string{">>> RUN echo 'it broke' && exit 3", "it broke", "Dockerfile:3", "exit code: 3"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

// TestBuildHidesWhoOneIs: the builder says again which address it was sent to; what
// opens it is in no line and no error.
func TestBuildHidesWhoOneIs(t *testing.T) {
	c := connectedEngine(t)
	log, err := buildImage(t, c, types.Project{Services: service(types.BuildConfig{Context: "https://ann:hunter2@127.0.0.1:1/x.git#main"})}, nil)
	if err == nil || !strings.Contains(err.Error(), "https://****@127.0.0.1:1/x.git") {
		t.Errorf("error: %v", err)
	}
	if err != nil && strings.Contains(log+err.Error(), "hunter2") {
		t.Errorf("the password is shown:\n%s%v", log, err)
	}
}

func TestBuildCancelled(t *testing.T) {
	c := connectedEngine(t)
	dir := folder(t, map[string]string{"Dockerfile": "FROM " + base + "\nRUN sleep 100\n"})
	ctx, cancel := context.WithCancel(t.Context())
	p, err := project.New(project.Input{Compose: &types.Project{Name: testrun.Current(t).Name("bk-cancel"), Services: service(types.BuildConfig{Context: dir})}})
	if err != nil {
		t.Fatal(err)
	}
	err = build.BuildKit{}.Build(ctx, c, engine.BuildSpec{Project: p, Service: p.Services[0], NoCache: true}, builder.Options{}, func(p engine.Progress) {
		if strings.Contains(p.Details, "RUN sleep") {
			cancel()
		}
	})
	if err != context.Canceled {
		t.Errorf("err = %v, want the cancellation", err)
	}
}
