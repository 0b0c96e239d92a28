package cmd

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// loaderInput is what the global flags say about the project.
func (s *session) loaderInput() loader.Input {
	g := s.global
	return loader.Input{
		Files: g.files, Stdin: s.In, ProjectName: g.name, Dir: g.dir, WorkingDir: s.Dir, EnvFiles: g.envFiles, Env: s.Env,
		Profiles: g.profiles, AllResources: g.allResources, Compatibility: g.compatibility,
		Named: s.named,
	}
}

// projectFlags are the global flags that this project was found with.
func (s *session) projectFlags() []string {
	var flags []string
	for _, f := range s.global.files {
		flags = append(flags, "-f", f)
	}
	if s.global.name != "" {
		flags = append(flags, "-p", s.global.name)
	}
	if s.global.dir != "" {
		flags = append(flags, "--project-directory", s.global.dir)
	}
	return flags
}

// load loads the project for a command that needs its file, and prints the
// warnings. The services are those named on the command line.
func (s *session) load(ctx context.Context, services []string) (*project.Project, error) {
	in := s.loaderInput()
	in.Services = services
	return s.loadInput(ctx, in)
}

func (s *session) loadInput(ctx context.Context, in loader.Input) (*project.Project, error) {
	p, warnings, err := loader.Load(ctx, in)
	for _, w := range warnings {
		s.printer.Warn(w.String())
	}
	return p, err
}

// target is the project that a command works on. Without a file it is known
// by its name and by what the engine's objects tell.
type target struct {
	name    string
	project *project.Project // nil if no file was loaded
}

// fileOrName finds the project of a command that can do without its file: with
// a name and no file given, nothing is loaded. Such a command makes nothing out
// of the file, so the warnings about its content stay with those that do (up,
// create, run, config).
func (s *session) fileOrName(ctx context.Context, services []string) (target, error) {
	if s.global.name != "" && len(s.global.files) == 0 {
		return target{name: strings.ToLower(s.global.name)}, nil
	}
	in := s.loaderInput()
	in.Services = services
	p, _, err := loader.Load(ctx, in)
	if err == nil {
		return target{name: p.Name, project: p}, nil
	}
	name := s.getenv("COMPOSE_PROJECT_NAME")
	if name == "" || ctx.Err() != nil {
		return target{}, err
	}
	if !errors.Is(err, loader.ErrNoFile) {
		s.printer.Warn(fmt.Sprintf("the Compose file is left aside, project %s is taken as it runs:\n%v", name, err))
	}
	return target{name: strings.ToLower(name)}, nil
}

// nameOnly finds the name of the project of a command that needs nothing else.
func (s *session) nameOnly(ctx context.Context) (string, error) {
	if s.global.name != "" {
		return strings.ToLower(s.global.name), nil
	}
	name, err := loader.Name(ctx, s.loaderInput())
	return strings.ToLower(name), err
}

// services resolves names and patterns to services of the project or, without
// its file, to those that its containers tell of. Names that match nothing are
// an error.
func (t target) services(patterns []string, cs []convergence.Container) ([]string, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	if t.project != nil {
		return t.project.Match(patterns...)
	}
	names := matchServices(cs, patterns)
	if len(names) == 0 {
		return nil, fmt.Errorf("no such service: %s", strings.Join(patterns, ", "))
	}
	return names, nil
}

// matchServices are the services of the containers that the patterns name, sorted.
func matchServices(cs []convergence.Container, patterns []string) []string {
	var names []string
	for _, c := range cs {
		for _, p := range patterns {
			if ok, err := path.Match(p, c.Service); c.Service == p || (err == nil && ok) {
				names = append(names, c.Service)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
