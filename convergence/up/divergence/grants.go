package divergence

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// WarnOfGrants warns of powers over the host that services get
// by this plan and their containers did not have: once per change, since what
// is made of it carries the fingerprints of its attributes.
func (l Comparison) WarnOfGrants(services []*project.Service, never bool) {
	grants := l.Want.Grants()
	for _, s := range services {
		var fresh []project.Grant
		for _, g := range grants {
			if g.Service == s.Name && isRisky(g) && l.isNew(s, g.Attribute, never) {
				fresh = append(fresh, g)
			}
		}
		if len(fresh) == 0 {
			continue
		}
		var what, kinds []string
		for _, g := range fresh {
			what = append(what, g.What)
			if !slices.Contains(kinds, g.Kind) {
				kinds = append(kinds, g.Kind)
			}
		}
		l.Notes.Warn("%s: service %s now gets %s (use --policy deny:%s to forbid it)",
			fresh[0].Pos, s.Name, strings.Join(what, ", "), strings.Join(kinds, ","))
	}
}

// isRisky leaves out files of the host, which are mounted too often to be news,
// and builds, which no container tells of.
func isRisky(g project.Grant) bool {
	return g.Kind != "bind-outside-project" && g.Attribute != "build"
}

// isNew reports whether no container of the service has the attribute as it is
// now. Containers of Docker Compose and of other users do not tell, and those that are never made
// anew get nothing.
func (l Comparison) isNew(s *project.Service, attribute string, never bool) bool {
	for _, c := range l.Have.Containers {
		if c.Service != s.Name || c.OneOff {
			continue
		}
		label := c.Labels[project.LabelSections]
		if label == "" || !SameKey(l.Want, c) || never || project.ParseFingerprints(label)[attribute] == s.Sections[attribute] {
			return false
		}
	}
	return s.Replicas > 0
}
