package project

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// findBuilds sets which services' images each build uses: those named as
// additional contexts, and those that the Dockerfile names by their image.
func (p *Project) findBuilds(bases map[string][]string) {
	all := slices.Concat(p.Services, p.Disabled)
	for _, s := range all {
		if s.Spec.Build == nil {
			continue
		}
		on := map[string]bool{}
		for _, context := range s.Spec.Build.AdditionalContexts {
			if name, ok := strings.CutPrefix(context, types.ServicePrefix); ok {
				on[name] = true
			}
		}
		for _, other := range all {
			if other.Build && !sameImage(other.Image, s.Image) && slices.ContainsFunc(bases[s.Name], func(ref string) bool { return sameImage(ref, other.Image) }) {
				on[other.Name] = true
			}
		}
		s.BuildsOn = slices.Sorted(maps.Keys(on))
	}
}

// BasePosition is where the build of a service names the service that it builds
// on: as a context, or, in the Dockerfile, by its image.
func (p *Project) BasePosition(service, base string) Position {
	if s := p.Declared(service); s != nil && s.Spec.Build != nil {
		for name, context := range s.Spec.Build.AdditionalContexts {
			if context == types.ServicePrefix+base {
				return p.Positions.Of("services", service, "build", "additional_contexts", name)
			}
		}
	}
	return p.Positions.Of("services", service, "build")
}

// sameImage compares references as people write them: Docker Hub and the tag
// latest are implied.
func sameImage(a, b string) bool { return FullTag(a) == FullTag(b) }

// FullTag is a reference without what is implied, and with the tag that is: it is
// the same for all that mean the same image.
func FullTag(ref string) string {
	for _, hub := range []string{"docker.io/", "index.docker.io/", "library/"} {
		ref = strings.TrimPrefix(ref, hub)
	}
	if strings.Contains(ref, "@") || strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":") {
		return ref
	}
	return ref + ":latest"
}
