package creation

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// ByLinks is the attribute of a reference that links make.
const ByLinks = "links"

// JoinedBy are the services whose containers have to be there before one of the
// service can be made: those whose namespaces or volumes it joins, and on the
// engine's default bridge, which has no names of its own, those that it links to.
// The engine resolves such a link when the container is made, and it goes with
// the container that it leads to.
func JoinedBy(s *project.Service) []project.NamespaceRef {
	refs := slices.Clone(s.Namespaces)
	if mode := s.Spec.NetworkMode; mode != "bridge" && mode != "default" {
		return refs
	}
	for _, link := range s.Spec.Links {
		target, _, _ := strings.Cut(link, ":")
		if !slices.ContainsFunc(refs, func(r project.NamespaceRef) bool { return r.Service == target }) {
			refs = append(refs, project.NamespaceRef{Attribute: ByLinks, Service: target})
		}
	}
	return refs
}

// JoinsNetworks reports whether the networks of the service count: a service
// with a network_mode has none.
func JoinsNetworks(s *project.Service) bool { return s.Spec.NetworkMode == "" }
