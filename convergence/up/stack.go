package up

import (
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// stack is a running project as the planners that need no file see it: what
// is declared, or, of what is not, what labels tell.
type stack struct {
	plan.Builder
	name  string
	want  *project.Project // nil without a file
	have  engine.Observed
	deps  map[string][]project.Dependency // by service
	needs *depgraph.Graph[string]
}

// newStack joins the file's services with those that only containers tell of.
func newStack(want *project.Project, have engine.Observed) *stack {
	have, strangers := have.Sorted().IgnoreStrangers(want)
	s := &stack{name: have.Project, want: want, have: have, deps: map[string][]project.Dependency{}}
	if want != nil {
		s.name = want.Name
		for _, svc := range slices.Concat(want.Services, want.Disabled) {
			s.deps[svc.Name] = svc.DependsOn
		}
	}
	for _, c := range have.Containers {
		if _, known := s.deps[c.Service]; !known {
			s.deps[c.Service] = creation.ParseDependsOn(c.Labels[project.LabelDependsOn])
		}
	}
	s.needs = acyclic(s.deps)
	if len(strangers) > 0 {
		s.Warn("%s", engine.StrangersWarning(strangers))
	}
	return s
}

// acyclic is the graph of the dependencies. Labels of different ages may
// contradict each other: the edges of services on a circle do not count.
func acyclic(deps map[string][]project.Dependency) *depgraph.Graph[string] {
	needs := make(map[string][]string, len(deps))
	for name, ds := range deps {
		needs[name] = nil
		for _, d := range ds {
			if _, known := deps[d.Service]; known {
				needs[name] = append(needs[name], d.Service)
			}
		}
	}
	for {
		g, err := depgraph.New(needs)
		if err == nil {
			return g
		}
		circle, ok := err.(*depgraph.CycleError[string])
		if !ok || len(circle.Path) == 0 {
			return emptyGraph(needs)
		}
		for _, name := range circle.Path {
			needs[name] = nil
		}
	}
}

// emptyGraph has the same nodes and no edges, which cannot fail.
func emptyGraph(needs map[string][]string) *depgraph.Graph[string] {
	for name := range needs {
		needs[name] = nil
	}
	g, err := depgraph.New(needs)
	if err != nil { // nodes without edges cannot run in a circle
		panic(err)
	}
	return g
}

// service is the declared service of that name, or nil.
func (s *stack) service(name string) *project.Service {
	if s.want == nil {
		return nil
	}
	return s.want.Declared(name)
}

// choose resolves service names. With a file an unknown one is an error;
// without, it means nothing. No names mean every service of the given files or,
// without files, every one that containers tell of.
func (s *stack) choose(names []string) (map[string]bool, error) {
	chosen := map[string]bool{}
	if len(names) == 0 {
		for name := range s.deps {
			if engine.Declares(s.want, name) {
				chosen[name] = true
			}
		}
		return chosen, nil
	}
	for _, name := range names {
		if _, known := s.deps[name]; known {
			chosen[name] = true
		} else if s.want != nil {
			return nil, &project.UnknownServiceError{Name: name}
		}
	}
	return chosen, nil
}

// order are the chosen services, dependencies first.
func (s *stack) order(chosen map[string]bool) []string {
	return slices.DeleteFunc(s.needs.Order(), func(name string) bool { return !chosen[name] })
}

// stopsBefore are the stops that a service's own stop waits for: those of its
// dependents, and, of dependents without any, of their dependents.
func (s *stack) stopsBefore(service string, stops map[string][]plan.StepID) []plan.StepID {
	var before []plan.StepID
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, dependent := range s.needs.Dependents(name) {
			if seen[dependent] {
				continue
			}
			seen[dependent] = true
			if len(stops[dependent]) > 0 {
				before = append(before, stops[dependent]...)
				continue
			}
			visit(dependent)
		}
	}
	visit(service)
	return before
}

// dependents adds to the chosen every service that needs one of them.
func (s *stack) dependents(chosen map[string]bool) map[string]bool {
	return asSet(s.needs.Reverse().Closure(slices.Sorted(maps.Keys(chosen))...).Nodes())
}

func asSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// planToTheEnd is the plan of what is taken down: a failure stops only what
// needs the failed step.
func (s *stack) planToTheEnd() (plan.Plan, error) {
	p, err := s.Plan(s.name)
	p.KeepGoing = true
	return p, err
}
