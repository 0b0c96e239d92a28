package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// finder finds the project that a command works on.
type finder struct {
	dir     string
	process []string // environment
	flags   *globalFlags
	env     *environment
	console *console
	input   *replayed     // standard input as a Compose file
	pipes   *loader.Pipes // files of the command line that are pipes
	named   func(string)  // is told the project's name as soon as it is known; may be nil
	*labelKeys
}

func newFinder(app *App, flags *globalFlags, env *environment, c *console) *finder {
	return &finder{
		dir: app.Dir, process: app.Env, flags: flags, env: env, console: c,
		input: &replayed{from: app.In}, pipes: new(loader.Pipes), labelKeys: &labelKeys{flags: flags, env: env},
	}
}

// loaderInput is what the global flags say about the project.
func (f *finder) loaderInput() loader.Input {
	g := f.flags
	return loader.Input{
		Files: g.files, Stdin: f.input.reader(), Pipes: f.pipes, ProjectName: g.name, Dir: g.dir, WorkingDir: f.dir, EnvFiles: g.envFiles, Env: f.process,
		Profiles: g.profiles, AllResources: g.allResources, Compatibility: g.compatibility,
		Named: f.named,
	}
}

// projectFlags are the global flags that this project was found with.
func (f *finder) projectFlags() []string {
	var flags []string
	for _, file := range f.flags.files {
		flags = append(flags, "-f", file)
	}
	if f.flags.name != "" {
		flags = append(flags, "-p", f.flags.name)
	}
	if f.flags.dir != "" {
		flags = append(flags, "--project-directory", f.flags.dir)
	}
	return flags
}

// load loads the project for a command that needs what its file says of the
// services, those named on the command line or else all, and prints the warnings.
func (f *finder) load(ctx context.Context, services []string, n need) (*project.Project, error) {
	in := f.loaderInput()
	in.Services = services
	p, err := f.open(ctx, in)
	if err != nil {
		return nil, err
	}
	return p, f.check(p, services, n)
}

// open loads the project, whatever is wrong with single services, and prints the
// warnings.
func (f *finder) open(ctx context.Context, in loader.Input) (*project.Project, error) {
	in.Key = f.labelKey()
	p, warnings, err := loader.Open(ctx, in)
	for _, w := range warnings {
		f.console.printer.Warn(w.String())
	}
	if err == nil && f.keyErr != nil && len(p.Configs)+len(p.Secrets) > 0 {
		f.console.warnOnce("cannot store keyed digests of configs and secrets in labels, comparing contents with the containers instead: " + f.keyErr.Error())
	}
	return p, err
}

// check is an error, with every problem, if what the command needs of the named
// services, or else of all, is not right.
func (f *finder) check(p *project.Project, services []string, n need) error {
	problems, err := n.problems(p, services)
	if err != nil {
		return err
	}
	if f.flags.allResources && len(services) == 0 && len(n.attributes) == 0 {
		problems = p.Needed()
	} else if len(services) == 0 && len(n.attributes) == 0 {
		for _, unused := range p.Unused {
			f.console.printer.Warn(unused.Err.Error())
		}
	}
	return loader.Refusal(problems)
}

// fileOrName finds the project of a command that can do without its file: with
// a name and no file given, nothing is loaded. Such a command makes nothing out
// of the file, so what is wrong with single services, and the warnings about its
// content, stay with those that do (up, create, run, config).
func (f *finder) fileOrName(ctx context.Context, services []string) (target, error) {
	if f.flags.name != "" && len(f.flags.files) == 0 {
		return target{name: strings.ToLower(f.flags.name)}, nil
	}
	in := f.loaderInput()
	in.Services = services
	in.Key = f.labelKey()
	p, warnings, err := loader.Open(ctx, in)
	for _, w := range warnings {
		if w.Asked {
			f.console.printer.Warn(w.String())
		}
	}
	if err == nil {
		return target{name: p.Name, project: p}, nil
	}
	name := f.env.get("COMPOSE_PROJECT_NAME")
	var unreadable loader.Errors
	switch {
	case ctx.Err() != nil:
		return target{}, err
	case name == "" && errors.As(err, &unreadable):
		return target{}, fmt.Errorf("%w\nuse -p NAME without -f to work on the running project NAME without its files", err)
	case name == "":
		return target{}, err
	}
	if !errors.Is(err, loader.ErrNoFile) {
		f.console.printer.Warn(fmt.Sprintf("ignoring the Compose file, using the running project %s:\n%v", name, err))
	}
	return target{name: strings.ToLower(name)}, nil
}

// nameOnly finds the name of the project of a command that needs nothing else.
func (f *finder) nameOnly(ctx context.Context) (string, error) {
	if f.flags.name != "" {
		return strings.ToLower(f.flags.name), nil
	}
	name, err := loader.Name(ctx, f.loaderInput())
	return strings.ToLower(name), err
}
