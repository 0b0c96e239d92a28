package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/project"
)

// unlinked are the names of containers that links on the default bridge lead to and
// that neither exist nor are planned, as without the dependencies. Such a link is
// left out, which is said.
func (u *up) unlinked(s *project.Service) []string {
	var names []string
	for _, ref := range creation.JoinedBy(s) {
		target := u.want.Service(ref.Service)
		if ref.Attribute != creation.ByLinks || target == nil {
			continue
		}
		existing := u.names(target.Name)
		for n := 1; n <= target.Replicas; n++ {
			if name := u.want.ContainerName(target, n); !slices.Contains(existing, name) {
				names = append(names, name)
				u.WarnOnce("%v", plan.At(s.Pos, "service %s is created without the link to %s, which does not exist", s.Name, name))
			}
		}
	}
	return names
}

// names are those of the service's replicas, as they are or are planned.
func (u *up) names(service string) []string {
	var names []string
	if sp := u.services[service]; sp != nil {
		for _, sl := range sp.slots {
			names = append(names, sl.name)
		}
		return names
	}
	for _, c := range replicas(u.have, service) {
		names = append(names, c.Name)
	}
	return names
}

// joinsWords says that what is joined is replaced.
func joinsWords(r project.NamespaceRef) string {
	return r.Service + ", which it joins by " + r.Attribute + ", is replaced"
}
