package cmd

import (
	"slices"

	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/project"
)

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
	bases, err := images.WithBases(p, selected.Services)
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
