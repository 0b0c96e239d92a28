package project

import (
	"cmp"
	"slices"
)

// Problem is what the files get wrong about a service. It is kept beside the
// service and is no error until a command needs what it is about: stopping a
// container takes nothing but its name.
type Problem struct {
	// Err says it in full, with its place.
	Err error
	// Service is the service; empty for what none uses.
	Service string
	// Attribute is the attribute of the service that it is about, such as image;
	// empty if it is about the service as a whole.
	Attribute string
	// With is another service that asks for the same thing: it is a problem only
	// where both are made. Usually empty.
	With string
	// Order is its place among all problems of the files.
	Order int
	// Shown says that the files can be read and shown all the same: only what
	// runs them refuses what they ask for.
	Shown bool
}

// ProblemsOf returns the problems of the active services, in the order of the
// files, each once. If attributes are given, those of other attributes are left
// out.
func (p *Project) ProblemsOf(attributes ...string) []Problem {
	var all []Problem
	for _, s := range p.Services {
		for _, problem := range s.ProblemsOf(attributes...) {
			if problem.With == "" || p.Service(problem.With) != nil {
				all = append(all, problem)
			}
		}
	}
	return InOrder(all)
}

// ProblemsOf returns the problems of the service with one of the attributes, or
// with the service as a whole; without attributes all.
func (s *Service) ProblemsOf(attributes ...string) []Problem {
	var all []Problem
	for _, problem := range s.Problems {
		if len(attributes) == 0 || problem.Attribute == "" || slices.Contains(attributes, problem.Attribute) {
			all = append(all, problem)
		}
	}
	return all
}

// Needed returns the problems that keep the whole project from being run: those
// of the active services, and what is wrong by itself with parts that none uses.
func (p *Project) Needed() []Problem {
	all := p.ProblemsOf()
	for _, problem := range p.Unused {
		if !problem.Shown {
			all = append(all, problem)
		}
	}
	return InOrder(all)
}

// InOrder sorts problems; what several services share is one problem.
func InOrder(all []Problem) []Problem {
	slices.SortStableFunc(all, func(a, b Problem) int { return cmp.Compare(a.Order, b.Order) })
	return slices.CompactFunc(all, func(a, b Problem) bool { return a.Order == b.Order })
}
