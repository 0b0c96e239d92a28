package project

import (
	"slices"

	"github.com/musterdev/muster/depgraph"
)

// Graph is the dependency graph of the active services: a service needs what
// it depends on. Dependencies that are not active are left out.
//
// A cycle is reported as *depgraph.CycleError[string].
func (p *Project) Graph() (*depgraph.Graph[string], error) {
	needs := make(map[string][]string, len(p.Services))
	for _, s := range p.Services {
		needs[s.Name] = nil
		for _, d := range s.DependsOn {
			if p.Service(d.Service) != nil {
				needs[s.Name] = append(needs[s.Name], d.Service)
			}
		}
	}
	return depgraph.New(needs)
}

// Dependents are the names of the active services with an edge to the service
// for which keep holds, sorted.
func (p *Project) Dependents(service string, keep func(Dependency) bool) []string {
	var names []string
	for _, s := range p.Services {
		if slices.ContainsFunc(s.DependsOn, func(d Dependency) bool { return d.Service == service && keep(d) }) {
			names = append(names, s.Name)
		}
	}
	return names
}
