package up

import (
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// Labelled is the spec of a service's container as planners write it, for
// tests that need a world to look at.
func Labelled(p *project.Project, s *project.Service, number int) engine.CreateSpec {
	return engine.CreateSpec{
		Project: p, Service: s, Number: number, Name: p.ContainerName(s, number),
		Labels: containerLabels(p, s, number, number == 0), Refs: map[string]engine.Ref{},
	}
}
