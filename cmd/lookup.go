package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/keyfile"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// loaderInput is what the global flags say about the project.
func (s *session) loaderInput() loader.Input {
	g := s.global
	return loader.Input{
		Files: g.files, Stdin: s.input.reader(), Pipes: s.pipes, ProjectName: g.name, Dir: g.dir, WorkingDir: s.Dir, EnvFiles: g.envFiles, Env: s.Env,
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

// load loads the project for a command that needs what its file says of the
// services, those named on the command line or else all, and prints the warnings.
func (s *session) load(ctx context.Context, services []string, n need) (*project.Project, error) {
	in := s.loaderInput()
	in.Services = services
	p, err := s.open(ctx, in)
	if err != nil {
		return nil, err
	}
	return p, s.check(p, services, n)
}

// open loads the project, whatever is wrong with single services, and prints the
// warnings.
func (s *session) open(ctx context.Context, in loader.Input) (*project.Project, error) {
	in.Key = s.labelKey()
	p, warnings, err := loader.Open(ctx, in)
	for _, w := range warnings {
		s.printer.Warn(w.String())
	}
	if err == nil && s.keyErr != nil && len(p.Configs)+len(p.Secrets) > 0 {
		s.warnOnce("configs and secrets are compared with what is in the containers: there is no key for digests of them in labels: " + s.keyErr.Error())
	}
	return p, err
}

// need is what a command needs to be right about the services that it works on.
// The zero value is all of them and of what they depend on.
type need struct {
	attributes []string // no others matter; none is all of them
	alone      bool     // dependencies do not matter
	builds     bool     // so do the builds of what is built on, as with all attributes
	spared     []string // attributes of the named services that do not matter
}

// buildAttributes are those of a service that matter where its image is built.
func buildAttributes() []string { return []string{"image", "build", "platform", "provider"} }

// check is an error, with every problem, if what the command needs of the named
// services, or else of all, is not right.
func (s *session) check(p *project.Project, services []string, n need) error {
	problems, err := n.problems(p, services)
	if err != nil {
		return err
	}
	if s.global.allResources && len(services) == 0 && len(n.attributes) == 0 {
		problems = p.Needed()
	} else if len(services) == 0 && len(n.attributes) == 0 {
		for _, unused := range p.Unused {
			s.printer.Warn(unused.Err.Error())
		}
	}
	return loader.Refusal(problems)
}

func (n need) problems(p *project.Project, services []string) ([]project.Problem, error) {
	if len(services) == 0 {
		return p.ProblemsOf(n.attributes...), nil
	}
	selected, err := p.Only(services...)
	if err != nil {
		return nil, err
	}
	named := selected.ServiceNames()
	if !n.alone {
		if selected, err = p.Select(services...); err != nil {
			return nil, err
		}
	}
	problems := slices.DeleteFunc(selected.ProblemsOf(n.attributes...), func(problem project.Problem) bool {
		return slices.Contains(n.spared, problem.Attribute) && slices.Contains(named, problem.Service)
	})
	if len(n.attributes) > 0 && !n.builds {
		return problems, nil
	}
	bases, err := up.WithBases(p, selected.Services)
	if err != nil {
		return nil, err
	}
	for _, base := range bases {
		if selected.Service(base.Name) == nil {
			problems = append(problems, base.ProblemsOf(buildAttributes()...)...)
		}
	}
	return project.InOrder(problems), nil
}

// labelKey is the user's key for digests in labels. Commands that make containers
// make it too if there is none; others, and dry runs, leave no file behind.
func (s *session) labelKey() project.Key {
	s.keying.Do(func() {
		process := newSession(s.App) // whose key it is, is not for a .env file to say
		path, err := keyfile.Path(process.getenv)
		var secret []byte
		switch {
		case err != nil:
		case s.makes && !s.global.dryRun:
			secret, err = keyfile.Ensure(path)
		default:
			secret, err = keyfile.Read(path)
		}
		if err != nil {
			secret = keyfile.New()
		}
		if s.makes && !s.global.dryRun {
			s.keyErr = err
		}
		s.key = project.NewKey(secret)
	})
	return s.key
}

// target is the project that a command works on. Without a file it is known
// by its name and by what the engine's objects tell.
type target struct {
	name    string
	project *project.Project // nil if no file was loaded
}

// fileOrName finds the project of a command that can do without its file: with
// a name and no file given, nothing is loaded. Such a command makes nothing out
// of the file, so what is wrong with single services, and the warnings about its
// content, stay with those that do (up, create, run, config).
func (s *session) fileOrName(ctx context.Context, services []string) (target, error) {
	if s.global.name != "" && len(s.global.files) == 0 {
		return target{name: strings.ToLower(s.global.name)}, nil
	}
	in := s.loaderInput()
	in.Services = services
	in.Key = s.labelKey()
	p, warnings, err := loader.Open(ctx, in)
	for _, w := range warnings {
		if w.Asked {
			s.printer.Warn(w.String())
		}
	}
	if err == nil {
		return target{name: p.Name, project: p}, nil
	}
	name := s.getenv("COMPOSE_PROJECT_NAME")
	var unreadable loader.Errors
	switch {
	case ctx.Err() != nil:
		return target{}, err
	case name == "" && errors.As(err, &unreadable):
		return target{}, fmt.Errorf("%w\nwith -p NAME and without -f, project NAME is taken as it runs, whatever its files say", err)
	case name == "":
		return target{}, err
	}
	if !errors.Is(err, loader.ErrNoFile) {
		s.printer.Warn(fmt.Sprintf("the Compose file is left aside, project %s is taken as it runs:\n%v", name, err))
	}
	return target{name: strings.ToLower(name)}, nil
}

// declares reports whether the given files declare the container's service;
// without files every one counts as declared.
func (t target) declares(c engine.Container) bool {
	return engine.Ours(c, nil, t.project).Declared
}

// meant are the services that a command is about that names these: where it names
// none all of the given files, and none at all where no file was loaded.
func (t target) meant(names []string) []string {
	if len(names) > 0 || t.project == nil {
		return names
	}
	for _, sv := range slices.Concat(t.project.Services, t.project.Disabled) {
		names = append(names, sv.Name)
	}
	return names
}

// warnOfHooks says which hooks of the named services, or of all, are not run
// because of what is wrong with them.
func warnOfHooks(s *session, t target, names []string) {
	if t.project == nil {
		return
	}
	for _, problem := range t.project.ProblemsOf("pre_start", "post_start", "pre_stop") {
		if problem.Attribute != "" && (len(names) == 0 || slices.Contains(names, problem.Service)) {
			s.printer.Warn(problem.Err.Error() + fmt.Sprintf("; %s of service %s does not run", problem.Attribute, problem.Service))
		}
	}
}

// nameOnly finds the name of the project of a command that needs nothing else.
func (s *session) nameOnly(ctx context.Context) (string, error) {
	if s.global.name != "" {
		return strings.ToLower(s.global.name), nil
	}
	name, err := loader.Name(ctx, s.loaderInput())
	return strings.ToLower(name), err
}
