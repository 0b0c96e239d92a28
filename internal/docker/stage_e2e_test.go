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

// stage is a project of a test's own on the real engine.
type stage struct {
	*testing.T
	engine *docker.Engine
	dir    string
	p      *project.Project
}

// newStage loads a Compose file, for a project of that name in this run, and creates its networks and volumes. Whatever
// carries the project's label is removed at the end. IMAGE in the file is the
// test image, NAME the project, PORT a free port, and the folder holds file.txt and profile.json.
func newStage(t *testing.T, name, compose string) *stage {
	t.Helper()
	name = testrun.Current(t).Name(name)
	s := &stage{T: t, engine: dial(t), dir: t.TempDir()}
	s.write("file.txt", "from a file\n")
	s.write("profile.json", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}`)
	compose = strings.NewReplacer("IMAGE", testImage, "PORT", fmt.Sprint(testrun.FreePort()), "NAME", name).Replace(compose)
	p, _, err := loader.Load(t.Context(), loader.Input{
		Files: []string{"-"}, Stdin: strings.NewReader(compose), ProjectName: name, Dir: s.dir, WorkingDir: s.dir, Env: []string{"TOKEN=s3cret"},
	})
	s.must(err)
	s.p = p
	t.Cleanup(s.sweep)
	testrun.ExplainFailure(t, testrun.Onlooker{}, name)
	for _, n := range p.Networks {
		if !n.External {
			_, err := s.engine.CreateNetwork(t.Context(), n, map[string]string{project.LabelProject: name, project.LabelNetwork: n.Key})
			s.must(err)
		}
	}
	for _, v := range p.Volumes {
		s.must(s.engine.CreateVolume(t.Context(), v, map[string]string{project.LabelProject: name, project.LabelVolume: v.Key}))
	}
	return s
}

func (s *stage) write(name, content string) {
	s.Helper()
	path := filepath.Join(s.dir, name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, []byte(content), 0o644))
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) sweep() {
	ctx, cancel := patience.OfEngine().Context(context.Background())
	defer cancel()
	cs, err := s.engine.ListContainers(ctx, engine.ContainerFilter{Project: s.p.Name})
	s.must(err)
	for _, c := range cs {
		s.must(s.engine.RemoveContainer(ctx, c.Ref, true))
	}
	ns, err := s.engine.ListNetworks(ctx)
	s.must(err)
	for _, n := range ns {
		if n.Labels[project.LabelProject] == s.p.Name {
			s.must(s.engine.RemoveNetwork(ctx, n.ID))
		}
	}
	vs, err := s.engine.ListVolumes(ctx)
	s.must(err)
	for _, v := range vs {
		if v.Labels[project.LabelProject] == s.p.Name {
			s.must(s.engine.RemoveVolume(ctx, v.Name))
		}
	}
}

// spec asks for the first container of a service.
func (s *stage) spec(service string) engine.CreateSpec {
	svc := s.p.Service(service)
	return engine.CreateSpec{
		Project: s.p, Service: svc, Name: s.p.ContainerName(svc, 1), Number: 1,
		Labels: map[string]string{project.LabelProject: s.p.Name, project.LabelService: service, project.LabelContainerNumber: "1", project.LabelConfigHash: "0"},
		Refs:   map[string]engine.Ref{},
	}
}

// create creates a container.
func (s *stage) create(spec engine.CreateSpec) engine.Ref {
	s.Helper()
	made, err := s.engine.CreateContainer(s.Context(), spec)
	s.must(err)
	return engine.Ref{ID: made.ID, Name: spec.Name}
}

// up creates and starts a container with its configs and secrets copied in.
func (s *stage) up(spec engine.CreateSpec) engine.Ref {
	s.Helper()
	c := s.create(spec)
	s.must(s.engine.CopyTo(s.Context(), c, s.copied(spec.Service)))
	s.must(s.engine.StartContainer(s.Context(), c))
	return c
}

// copied are the configs and secrets that are no files of the host.
func (s *stage) copied(svc *project.Service) []engine.FileContent {
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
		add(s.p.Configs, c.Source, c.Target, "/")
	}
	for _, c := range svc.Spec.Secrets {
		add(s.p.Secrets, c.Source, c.Target, "/run/secrets")
	}
	return files
}

// sh runs a shell command in a container and returns its output.
func (s *stage) sh(c engine.Ref, command string) string {
	s.Helper()
	ctx, cancel := patience.OfEngine().Context(s.Context())
	defer cancel()
	r, err := s.engine.Exec(ctx, c, engine.ExecSpec{Command: []string{"sh", "-c", command}})
	s.must(err)
	return strings.TrimSpace(r.Output)
}
