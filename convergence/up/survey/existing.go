package survey

import (
	"maps"
	"slices"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/depgraph"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Existing is the world as the commands see it that create nothing and need no
// file: the services that are declared and those that only containers tell of.
type Existing struct {
	*World
	Services map[string]*Service
	Needs    *depgraph.Graph[string]
}

// NewExisting joins the file's services with those that labels tell of.
func NewExisting(want *project.Project, have engine.Observed) *Existing {
	x := &Existing{World: New(want, have), Services: map[string]*Service{}}
	if want != nil {
		for _, s := range slices.Concat(want.Services, want.Disabled) {
			x.Services[s.Name] = &Service{Service: s, Declared: true}
		}
	}
	for _, c := range x.Have.Containers {
		if x.Services[c.Service] == nil {
			sv := Undeclared(c.Service)
			sv.DependsOn = creation.ParseDependsOn(c.Labels[project.LabelDependsOn])
			x.Services[c.Service] = sv
		}
	}
	x.Needs = acyclic(x.Services)
	return x
}

// acyclic is the graph of the dependencies. Labels of different ages may
// contradict each other: the edges of services on a circle do not count.
func acyclic(services map[string]*Service) *depgraph.Graph[string] {
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

// Choose resolves service names. With a file an unknown one is an error;
// without, it means nothing. No names mean every service of the given files or,
// without files, every one that containers tell of.
func (x *Existing) Choose(names []string) (map[string]bool, error) {
	chosen := map[string]bool{}
	if len(names) == 0 {
		for name := range x.Services {
			if engine.Declares(x.Want, name) {
				chosen[name] = true
			}
		}
		return chosen, nil
	}
	for _, name := range names {
		if x.Services[name] != nil {
			chosen[name] = true
		} else if x.Want != nil {
			return nil, &project.UnknownServiceError{Name: name}
		}
	}
	return chosen, nil
}

// Order are the chosen services, dependencies first.
func (x *Existing) Order(chosen map[string]bool) []*Service {
	var order []*Service
	for _, name := range x.Needs.Order() {
		if chosen[name] {
			order = append(order, x.Services[name])
		}
	}
	return order
}

// Closure are the chosen services and what they depend on, dependencies first.
func (x *Existing) Closure(chosen map[string]bool) []*Service {
	return x.Order(asSet(x.Needs.Closure(slices.Collect(maps.Keys(chosen))...).Nodes()))
}

// Dependents adds to the chosen every service that needs one of them.
func (x *Existing) Dependents(chosen map[string]bool) map[string]bool {
	return asSet(x.Needs.Reverse().Closure(slices.Sorted(maps.Keys(chosen))...).Nodes())
}

func asSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// Provided reports whether the service is a program's and to be told: it is
// active, or a container is there that it set variables for.
func (x *Existing) Provided(sv *Service) bool {
	return sv.Provider && (x.Want.Service(sv.Name) != nil || slices.Contains(x.ProvidingServices(), sv.Name))
}

// ProvidingServices are the services whose providers set variables for containers, sorted.
func (x *Existing) ProvidingServices() []string {
	var names []string
	for _, c := range x.Have.Containers {
		names = slices.AppendSeq(names, maps.Keys(project.ParseFingerprints(c.Labels[project.LabelProvided])))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
