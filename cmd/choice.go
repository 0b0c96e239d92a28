package cmd

import (
	"context"
	"path"
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// choice are the services that a command names. Nothing named is every service.
type choice struct {
	patterns []string
	names    []string // of services that exist; may be empty though some are declared
}

// none reports that services were named of which nothing exists.
func (c choice) none() bool { return c.named() && len(c.names) == 0 }

func (c choice) named() bool { return len(c.patterns) > 0 }

// has reports whether the service is meant, one that comes later included.
func (c choice) has(service string) bool {
	return !c.named() || slices.ContainsFunc(c.patterns, func(p string) bool { return matches(p, service) })
}

// chooseServices resolves names and patterns to services of the project or, where its
// file was not loaded, to those that its containers tell of. A service that the
// file declares and that has no container is none of these, and no error; one
// that is nowhere is.
func chooseServices(ctx context.Context, f *finder, t target, patterns []string, cs []engine.Container) (choice, error) {
	c := choice{patterns: patterns}
	if t.project != nil {
		var err error
		c.names, err = t.project.Match(patterns...)
		return c, err
	}
	for _, p := range patterns {
		found := matchServices(cs, p)
		if len(found) == 0 && !declared(ctx, f, p) {
			return c, &project.UnknownServiceError{Name: p}
		}
		c.names = append(c.names, found...)
	}
	slices.Sort(c.names)
	c.names = slices.Compact(c.names)
	return c, nil
}

// listChosen lists the project's containers, and resolves names and patterns to the
// services that a command is about.
func listChosen(ctx context.Context, f *finder, e engine.ContainerLister, t target, patterns []string) ([]engine.Container, choice, error) {
	cs, err := engine.ListOurs(ctx, e, t.name, t.project)
	if err != nil {
		return nil, choice{}, err
	}
	chosen, err := chooseServices(ctx, f, t, patterns, cs)
	return cs, chosen, err
}

// declared reports whether the files that a command would load declare the
// service. The command can do without them: nothing is said of what is wrong
// with them.
func declared(ctx context.Context, f *finder, pattern string) bool {
	in := f.loaderInput()
	in.Named = nil
	in.NoConsistency, in.NoEnvResolution = true, true
	p, _, err := loader.Open(ctx, in)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(slices.Concat(p.Services, p.Disabled), func(sv *project.Service) bool { return matches(pattern, sv.Name) })
}

// matchServices are the services of the containers that the pattern names, sorted.
func matchServices(cs []engine.Container, pattern string) []string {
	return slices.DeleteFunc(serviceNames(cs), func(name string) bool { return !matches(pattern, name) })
}

func matches(pattern, service string) bool {
	ok, err := path.Match(pattern, service)
	return service == pattern || (err == nil && ok)
}
