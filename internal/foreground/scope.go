package foreground

import (
	"fmt"
	"slices"

	"github.com/musterdev/muster/project"
)

// Scope says which services an attached up concerns itself with, and how.
type Scope struct {
	started  []string // that up starts, dependencies included
	attached []string // whose end ends up, and which it stops: the named ones, or all
	shown    []string // whose output is shown
	code     []string // whose exit code is asked for
}

// ScopeOptions are what the command line says of it, in names and patterns.
type ScopeOptions struct {
	Services     []string // to start; none is all
	NoDeps       bool     // dependencies are not started
	AttachDeps   bool     // dependencies are attached to
	Attach       []string // whose output is shown; none is that of those attached to
	NoAttach     []string // whose output is not
	ExitCodeFrom string
}

// NewScope is the scope that the options ask for. Dependencies of named services
// run on their own unless they are attached to.
func NewScope(p *project.Project, opt ScopeOptions) (Scope, error) {
	var sc Scope
	named, err := p.Match(opt.Services...)
	if err != nil {
		return sc, err
	}
	g, err := p.Graph()
	if err != nil {
		return sc, err
	}
	sc.started, sc.attached = p.ServiceNames(), p.ServiceNames()
	if len(named) > 0 {
		if sc.started, sc.attached = named, named; !opt.NoDeps {
			sc.started = g.Closure(named...).Order()
		}
		if opt.AttachDeps {
			sc.attached = sc.started
		}
	}
	if opt.ExitCodeFrom != "" {
		if sc.code, err = codeServices(p, opt.ExitCodeFrom, sc.started); err != nil {
			return sc, err
		}
	}
	sc.shown = sc.attached
	if len(opt.Attach) > 0 {
		if sc.shown, err = p.Match(opt.Attach...); err != nil {
			return sc, err
		}
	}
	hidden, err := p.Match(opt.NoAttach...)
	if err != nil {
		return sc, err
	}
	sc.shown = slices.DeleteFunc(slices.Clone(sc.shown), func(name string) bool {
		asked := slices.Contains(opt.Attach, name)
		return slices.Contains(hidden, name) || (declines(p.Service(name)) && !asked)
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
func (sc Scope) follows(service string) bool {
	return slices.Contains(sc.attached, service) || slices.Contains(sc.shown, service)
}

// completes reports whether a service that is started cannot start before this
// one has completed successfully.
func (sc Scope) completes(p *project.Project, service string) bool {
	for _, name := range sc.started {
		for _, d := range p.Service(name).DependsOn {
			if d.Service == service && d.Condition == project.Completed && d.Required {
				return true
			}
		}
	}
	return false
}

// declines reports whether the service says attach: false.
func declines(sv *project.Service) bool {
	return sv != nil && sv.Spec.Attach != nil && !*sv.Spec.Attach
}
