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
			if other.Build && other != s && slices.ContainsFunc(bases[s.Name], func(ref string) bool { return sameImage(ref, other.Image) }) {
				on[other.Name] = true
			}
		}
		delete(on, s.Name)
		s.BuildsOn = slices.Sorted(maps.Keys(on))
	}
}

// sameImage compares references as people write them: the tag latest is implied.
func sameImage(a, b string) bool { return withTag(a) == withTag(b) }

func withTag(ref string) string {
	if strings.Contains(ref, "@") || strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":") {
		return ref
	}
	return ref + ":latest"
}
