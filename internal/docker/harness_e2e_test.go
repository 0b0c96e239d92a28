//go:build e2e

package docker_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// harness is a project of a test's own on the real engine.
type harness struct {
	*testing.T
	engine *docker.Engine
	dir    string
	p      *project.Project
}

// newHarness loads a Compose file, for a project of that name in this run, and creates its networks and volumes. Whatever
// carries the project's label is removed at the end. IMAGE in the file is the
// test image, NAME the project, PORT a free port, and the folder holds file.txt and profile.json.
func newHarness(t *testing.T, name, compose string) *harness {
	t.Helper()
	name = testrun.Current(t).Name(name)
	h := &harness{T: t, engine: dial(t), dir: t.TempDir()}
	h.write("file.txt", "from a file\n")
	h.write("profile.json", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}`)
	compose = strings.NewReplacer("IMAGE", testImage, "PORT", fmt.Sprint(testrun.FreePort()), "NAME", name).Replace(compose)
	p, _, err := loader.Load(t.Context(), loader.Input{
		Files: []string{"-"}, Stdin: strings.NewReader(compose), ProjectName: name, Dir: h.dir, WorkingDir: h.dir, Env: []string{"TOKEN=s3cret"},
	})
	h.must(err)
	h.p = p
	t.Cleanup(h.sweep)
	testrun.ExplainFailure(t, testrun.Onlooker{}, name)
	for _, n := range p.Networks {
		if !n.External {
			_, err := h.engine.CreateNetwork(t.Context(), n, map[string]string{project.LabelProject: name, project.LabelNetwork: n.Key})
			h.must(err)
		}
	}
	for _, v := range p.Volumes {
		h.must(h.engine.CreateVolume(t.Context(), v, map[string]string{project.LabelProject: name, project.LabelVolume: v.Key}))
	}
	return h
}

func (h *harness) write(name, content string) {
	h.Helper()
	path := filepath.Join(h.dir, name)
	h.must(os.MkdirAll(filepath.Dir(path), 0o755))
	h.must(os.WriteFile(path, []byte(content), 0o644))
}

func (h *harness) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *harness) sweep() {
	ctx, cancel := patience.OfEngine().Context(context.Background())
	defer cancel()
	cs, err := h.engine.ListContainers(ctx, engine.ContainerFilter{Project: h.p.Name})
	h.must(err)
	for _, c := range cs {
		h.must(h.engine.RemoveContainer(ctx, c.Ref, true))
	}
	ns, err := h.engine.ListNetworks(ctx)
	h.must(err)
	for _, n := range ns {
		if n.Labels[project.LabelProject] == h.p.Name {
			h.must(h.engine.RemoveNetwork(ctx, n.ID))
		}
	}
	vs, err := h.engine.ListVolumes(ctx)
	h.must(err)
	for _, v := range vs {
		if v.Labels[project.LabelProject] == h.p.Name {
			h.must(h.engine.RemoveVolume(ctx, v.Name))
		}
	}
}

// spec asks for the first container of a service.
func (h *harness) spec(service string) engine.CreateSpec {
	svc := h.p.Service(service)
	return engine.CreateSpec{
		Project: h.p, Service: svc, Name: h.p.ContainerName(svc, 1), Number: 1,
		Labels: map[string]string{project.LabelProject: h.p.Name, project.LabelService: service, project.LabelContainerNumber: "1", project.LabelConfigHash: "0"},
		Refs:   map[string]engine.Ref{},
	}
}

// create creates a container.
func (h *harness) create(spec engine.CreateSpec) engine.Ref {
	h.Helper()
	made, err := h.engine.CreateContainer(h.Context(), spec)
	h.must(err)
	return engine.Ref{ID: made.ID, Name: spec.Name}
}

// up creates and starts a container with its configs and secrets copied in.
func (h *harness) up(spec engine.CreateSpec) engine.Ref {
	h.Helper()
	c := h.create(spec)
	h.must(h.engine.CopyTo(h.Context(), c, h.copied(spec.Service)))
	h.must(h.engine.StartContainer(h.Context(), c))
	return c
}

// copied are the configs and secrets that are no files of the host.
func (h *harness) copied(svc *project.Service) []engine.FileContent {
	var files []engine.FileContent
	add := func(declared []*project.File, source, target, base string) {
		for _, f := range declared {
			if f.Key != source || f.Path != "" {
				continue
			}
			if target == "" {
				target = source
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(base, target)
			}
			files = append(files, engine.FileContent{Path: target, Content: f.Content, Mode: 0o440, UID: 7, GID: 8})
		}
	}
	for _, c := range svc.Spec.Configs {
		add(h.p.Configs, c.Source, c.Target, "/")
	}
	for _, c := range svc.Spec.Secrets {
		add(h.p.Secrets, c.Source, c.Target, "/run/secrets")
	}
	return files
}

// sh runs a shell command in a container and returns its output.
func (h *harness) sh(c engine.Ref, command string) string {
	h.Helper()
	ctx, cancel := patience.OfEngine().Context(h.Context())
	defer cancel()
	r, err := h.engine.Exec(ctx, c, engine.ExecSpec{Command: []string{"sh", "-c", command}})
	h.must(err)
	return strings.TrimSpace(r.Output)
}
