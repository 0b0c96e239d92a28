package loader

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// warnProfiles says which of the profiles that were asked for no service of the
// files has.
func (l *loader) warnProfiles(tree *node.Node) {
	var known []string
	if services := tree.Get("services"); services != nil {
		for _, f := range services.Fields {
			for _, n := range node.StringNodes(f.Node.Get("profiles")) {
				known = append(known, n.Value.(string))
			}
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, profile := range l.profiles() {
		if profile == "*" || slices.Contains(known, profile) {
			continue
		}
		w := Warning{Rule: "unknown-profile", Path: "--profile " + profile, Msg: "no service has this profile", Hint: hint.DidYouMean(profile, known), Asked: true}
		if len(l.in.Profiles) == 0 {
			w.Path = "COMPOSE_PROFILES: " + profile
			if places := l.env.Origins["COMPOSE_PROFILES"]; len(places) > 0 {
				w.Pos = places[0]
			}
		}
		if w.Hint == "" && len(known) > 0 {
			w.Hint = "known are " + strings.Join(known, ", ")
		}
		l.reports.warn(w)
	}
}
