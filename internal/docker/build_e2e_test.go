//go:build e2e

package docker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/project"
)

// newClassic is a harness whose engine builds with the classic builder.
func newClassic(t *testing.T, name, compose string) *harness {
	t.Helper()
	h := newHarness(t, name, compose)
	e, err := docker.Connect(docker.Options{Getenv: func(name string) string {
		if name == "DOCKER_BUILDKIT" {
			return "0"
		}
		return os.Getenv(name)
	}})
	h.must(err)
	h.engine = e
	return h
}

// build builds the service web and returns what was printed.
func (h *harness) build(args ...string) (string, error) {
	h.Helper()
	svc := h.p.Service("web")
	h.Cleanup(func() {
		h.sweep() // its containers hold the image
		if err := h.engine.RemoveImage(context.Background(), svc.Image); err != nil {
			h.Error(err)
		}
	})
	var out strings.Builder
	err := h.engine.BuildImage(h.Context(), engine.BuildSpec{
		Project: h.p, Service: svc, Args: args, Labels: map[string]string{project.LabelProject: h.p.Name, project.LabelService: "web"},
	}, func(p engine.Progress) { fmt.Fprintln(&out, p.Details) })
	return out.String(), err
}

func TestClassicBuild(t *testing.T) {
	h := newClassic(t, "build", `
services:
  web:
    command: [sleep, "1000"]
    init: true
    build:
      context: .
      target: final
      args: {FROM_FILE: one, TOKEN: , OVER: low}
      extra_hosts: ["elsewhere=10.9.8.7"]
      labels: {mine: "1"}
      dockerfile_inline: |
        FROM IMAGE AS base
        ARG FROM_FILE
        ARG TOKEN
        ARG OVER
        RUN echo $$FROM_FILE $$TOKEN $$OVER > /args && grep -c elsewhere /etc/hosts > /hosts
        COPY . /ctx/
        FROM base AS final
        FROM base AS other
        RUN false
`)
	h.write("kept/a.txt", "a")
	h.write("dropped/b.txt", "b")
	h.write("dropped/back.txt", "back")
	h.write("debug.log", "noise")
	h.write(".dockerignore", "dropped\n!dropped/back.txt\n*.log\n")
	out, err := h.build("OVER=high")
	h.must(err)
	if !strings.Contains(out, "Step ") {
		t.Errorf("progress says %q, want the builder's steps", out)
	}
	c := h.up(h.spec("web"))
	if got := h.sh(c, "cat /args /hosts; cd /ctx; find . -type f | sort"); got != "one s3cret high\n1\n./.dockerignore\n./dropped/back.txt\n./file.txt\n./kept/a.txt\n./profile.json" {
		t.Errorf("the image holds %q", got)
	}
}

func TestClassicBuildDockerfileElsewhere(t *testing.T) {
	h := newClassic(t, "buildelse", `
services: {web: {image: "NAME-else:1", command: [sleep, "1000"], init: true, build: {context: ./ctx, dockerfile: ../Else.Dockerfile, tags: ["NAME-else:2"]}}}
`)
	h.write("ctx/x", "x")
	h.write("Else.Dockerfile", "FROM "+testImage+"\nCOPY x /x\n")
	_, err := h.build()
	h.must(err)
	images, err := h.engine.ListImages(t.Context(), []engine.ImageRef{{Ref: h.p.Name + "-else:1"}, {Ref: h.p.Name + "-else:2"}})
	h.must(err)
	if len(images) != 2 {
		t.Errorf("images = %+v, want both tags", images)
	}
	h.must(h.engine.RemoveImage(t.Context(), h.p.Name+"-else:2"))
	if got := h.sh(h.up(h.spec("web")), "cat /x"); got != "x" {
		t.Errorf("/x holds %q", got)
	}
}

func TestClassicBuildErrors(t *testing.T) {
	for i, tc := range []struct {
		name, build string
		want        []string
	}{
		{"a step fails", "{context: ., dockerfile_inline: \"FROM IMAGE\\nRUN echo so it goes; exit 3\\n\"}", []string{"build mt", "returned a non-zero code: 3", "so it goes"}},
		{"no Dockerfile", "{context: ./made/up}", []string{"read build context", "no such file"}},
		{"BuildKit", "{context: ., ssh: [default], additional_contexts: {a: ./b}}", []string{"services.web.build.additional_contexts, services.web.build.ssh: needs BuildKit", "DOCKER_BUILDKIT=0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newClassic(t, fmt.Sprintf("failed%d", i), "services: {web: {image: 'NAME:1', build: "+tc.build+"}}\n")
			_, err := h.build()
			if err == nil {
				t.Fatal("no error")
			}
			for _, text := range tc.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q does not say %q", err, text)
				}
			}
		})
	}
}

// TestClassicBuildUnreadable: it is an error, not an image with a file less.
func TestClassicBuildUnreadable(t *testing.T) {
	h := newClassic(t, "unread",
		"services: {web: {image: 'NAME:1', build: {context: ., dockerfile_inline: \"FROM IMAGE\\nCOPY . /\\n\"}}}\n")
	h.must(os.Symlink("loop", filepath.Join(h.dir, "loop"))) // a link is sent as it is
	h.must(os.Mkdir(filepath.Join(h.dir, "d"), 0o755))
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("changed my mind")
	cancel(gone)
	err := h.engine.BuildImage(ctx, engine.BuildSpec{Project: h.p, Service: h.p.Service("web")}, func(engine.Progress) {})
	if !errors.Is(err, gone) {
		t.Errorf("error = %v, want %v", err, gone)
	}
	_, err = h.build()
	h.must(err)
}
