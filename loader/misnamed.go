package loader

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// warnProfiles says which of the profiles that were asked for no service of the
// files has.
func (s *session) warnProfiles(tree *node) {
	var known []string
	if services := tree.get("services"); services != nil {
		for _, f := range services.fields {
			for _, n := range stringNodes(f.node.get("profiles")) {
				known = append(known, n.value.(string))
			}
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, profile := range s.profiles() {
		if profile == "*" || slices.Contains(known, profile) {
			continue
		}
		w := Warning{Path: "--profile " + profile, Msg: "no service has this profile", Hint: didYouMean(profile, known), Asked: true}
		if len(s.in.Profiles) == 0 {
			w.Path = "COMPOSE_PROFILES: " + profile
			if places := s.env.origins["COMPOSE_PROFILES"]; len(places) > 0 {
				w.Pos = places[0]
			}
		}
		if w.Hint == "" && len(known) > 0 {
			w.Hint = "known are " + strings.Join(known, ", ")
		}
		s.warn(w)
	}
}

// warnMisnamed says of extensions, which nobody else checks, that they are
// probably meant to be something.
func (s *session) warnMisnamed(tree *node) {
	s.warnNearMuster(tree, "")
	services := tree.get("services")
	if services == nil {
		return
	}
	for _, f := range services.fields {
		path := "services." + f.key
		s.warnNearMuster(f.node, path)
		rules := f.node.at("develop", "watch")
		if rules == nil {
			continue
		}
		for i, rule := range rules.items {
			if rule.index(project.OldInitialSync) < 0 {
				continue
			}
			old, at := rule.fields[rule.index(project.OldInitialSync)], path+".develop.watch"+indexElem(i)+"."+project.OldInitialSync
			w := Warning{Pos: old.pos, Path: at, Msg: "is deprecated, it is taken for initial_sync", Hint: "write initial_sync"}
			if _, ok := old.node.value.(bool); !ok {
				w.Msg = "has no effect: it must be true or false"
			}
			s.warn(w)
		}
	}
}

// warnNearMuster looks for a misspelt x-muster: an extension of nearly that name
// that says what x-muster can say.
func (s *session) warnNearMuster(n *node, path string) {
	for _, f := range n.fields {
		says := slices.ContainsFunc(extensionKeys(), func(key string) bool { return f.node.get(key) != nil })
		near := strings.HasPrefix(f.key, "x-") && f.key != project.ExtensionKey && nearest(strings.ToLower(f.key), []string{project.ExtensionKey}) != ""
		if says && near {
			s.warn(Warning{Pos: f.pos, Path: dotted(path, f.key), Msg: "has no effect", Hint: "did you mean " + project.ExtensionKey + "?"})
		}
	}
}
