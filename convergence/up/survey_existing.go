package up

import (
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// existing is the world as the commands see it that create nothing and need no
// file: the services that are declared and those that only containers tell of.
type existing struct {
	*world
	services map[string]*service
	needs    *depgraph.Graph[string]
}

// surveyExisting joins the file's services with those that labels tell of.
func surveyExisting(want *project.Project, have engine.Observed) *existing {
	x := &existing{world: survey(want, have), services: map[string]*service{}}
	if want != nil {
		for _, s := range slices.Concat(want.Services, want.Disabled) {
			x.services[s.Name] = &service{Service: s, declared: true}
		}
	}
	for _, c := range x.have.Containers {
		if x.services[c.Service] == nil {
			sv := undeclared(c.Service)
			sv.DependsOn = creation.ParseDependsOn(c.Labels[project.LabelDependsOn])
			x.services[c.Service] = sv
		}
	}
	x.needs = acyclic(x.services)
	return x
}

// acyclic is the graph of the dependencies. Labels of different ages may
// contradict each other: the edges of services on a circle do not count.
func acyclic(services map[string]*service) *depgraph.Graph[string] {
	needs := make(map[string][]string, len(services))
	for name, sv := range services {
		needs[name] = nil
		for _, d := range sv.DependsOn {
			if services[d.Service] != nil {
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
			circle = &depgraph.CycleError[string]{Path: slices.Collect(maps.Keys(needs))}
		}
		for _, name := range circle.Path {
			needs[name] = nil
		}
	}
}

// choose resolves service names. With a file an unknown one is an error;
// without, it means nothing. No names mean every service of the given files or,
// without files, every one that containers tell of.
func (x *existing) choose(names []string) (map[string]bool, error) {
	chosen := map[string]bool{}
	if len(names) == 0 {
		for name := range x.services {
			if engine.Declares(x.want, name) {
				chosen[name] = true
			}
		}
		return chosen, nil
	}
	for _, name := range names {
		if x.services[name] != nil {
			chosen[name] = true
		} else if x.want != nil {
			return nil, &project.UnknownServiceError{Name: name}
		}
	}
	return chosen, nil
}

// order are the chosen services, dependencies first.
func (x *existing) order(chosen map[string]bool) []*service {
	var order []*service
	for _, name := range x.needs.Order() {
		if chosen[name] {
			order = append(order, x.services[name])
		}
	}
	return order
}

// closure are the chosen services and what they depend on, dependencies first.
func (x *existing) closure(chosen map[string]bool) []*service {
	return x.order(asSet(x.needs.Closure(slices.Collect(maps.Keys(chosen))...).Nodes()))
}

// dependents adds to the chosen every service that needs one of them.
func (x *existing) dependents(chosen map[string]bool) map[string]bool {
	return asSet(x.needs.Reverse().Closure(slices.Sorted(maps.Keys(chosen))...).Nodes())
}

func asSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// provided reports whether the service is a program's and to be told: it is
// active, or a container is there that it set variables for.
func (x *existing) provided(sv *service) bool {
	return sv.Provider && (x.want.Service(sv.Name) != nil || slices.Contains(x.gave(), sv.Name))
}

// gave are the services whose providers set variables for containers, sorted.
func (x *existing) gave() []string {
	var names []string
	for _, c := range x.have.Containers {
		names = slices.AppendSeq(names, maps.Keys(project.ParseFingerprints(c.Labels[project.LabelProvided])))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
