package cmd

import (
	"fmt"
	"slices"

	"github.com/musterdev/muster/project"
)

// scope says which services an attached up concerns itself with, and how.
type scope struct {
	started  []string // that up starts, dependencies included
	attached []string // whose end ends up, and which it stops: the named ones, or all
	shown    []string // whose output is shown
	code     []string // whose exit code is asked for
}

// attachScope is the scope that options and arguments ask for. Dependencies of
// named services run on their own unless --attach-dependencies is given.
func attachScope(p *project.Project, opt upOptions, args []string) (scope, error) {
	var sc scope
	named, err := p.Match(args...)
	if err != nil {
		return sc, err
	}
	g, err := p.Graph()
	if err != nil {
		return sc, err
	}
	sc.started, sc.attached = p.ServiceNames(), p.ServiceNames()
	if len(named) > 0 {
		if sc.started, sc.attached = named, named; !opt.noDeps {
			sc.started = g.Closure(named...).Order()
		}
		if opt.attachDeps {
			sc.attached = sc.started
		}
	}
	if opt.exitCodeFrom != "" {
		if sc.code, err = codeServices(p, opt.exitCodeFrom, sc.started); err != nil {
			return sc, err
		}
	}
	sc.shown = sc.attached
	if len(opt.attach) > 0 {
		if sc.shown, err = p.Match(opt.attach...); err != nil {
			return sc, err
		}
	}
	hidden, err := p.Match(opt.noAttach...)
	if err != nil {
		return sc, err
	}
	sc.shown = slices.DeleteFunc(slices.Clone(sc.shown), func(name string) bool {
		asked := slices.Contains(opt.attach, name)
		return slices.Contains(hidden, name) || (declinesAttach(p, name) && !asked)
	})
	sc.attached = slices.Concat(sc.attached, slices.DeleteFunc(slices.Clone(sc.code), func(name string) bool {
		return slices.Contains(sc.attached, name)
	}))
	return sc, nil
}

// codeServices are the services that --exit-code-from names. One that up does not
// start could never have an exit code.
func codeServices(p *project.Project, from string, started []string) ([]string, error) {
	names, err := p.Match(from)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.Contains(started, name) {
			return nil, fmt.Errorf("--exit-code-from %s: this command does not start service %s: name it too", from, name)
		}
	}
	return names, nil
}

// follows reports whether the exits or the output of the service matter.
func (sc scope) follows(service string) bool {
	return slices.Contains(sc.attached, service) || slices.Contains(sc.shown, service)
}

// completes reports whether a service that is started cannot start before this
// one has completed successfully.
func (sc scope) completes(p *project.Project, service string) bool {
	for _, name := range sc.started {
		for _, d := range p.Service(name).DependsOn {
			if d.Service == service && d.Condition == project.Completed && d.Required {
				return true
			}
		}
	}
	return false
}
