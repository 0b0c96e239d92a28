package loader

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// warnProfiles says which of the profiles that were asked for no service of the
// files has.
func (s *session) warnProfiles(tree *node.Node) {
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
	for _, profile := range s.profiles() {
		if profile == "*" || slices.Contains(known, profile) {
			continue
		}
		w := Warning{Path: "--profile " + profile, Msg: "no service has this profile", Hint: hint.DidYouMean(profile, known), Asked: true}
		if len(s.in.Profiles) == 0 {
			w.Path = "COMPOSE_PROFILES: " + profile
			if places := s.env.Origins["COMPOSE_PROFILES"]; len(places) > 0 {
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
func (s *session) warnMisnamed(tree *node.Node) {
	s.warnNearMuster(tree, "")
	services := tree.Get("services")
	if services == nil {
		return
	}
	for _, f := range services.Fields {
		path := "services." + f.Key
		s.warnNearMuster(f.Node, path)
		rules := f.Node.At("develop", "watch")
		if rules == nil {
			continue
		}
		for i, rule := range rules.Items {
			if rule.Index(project.OldInitialSync) < 0 {
				continue
			}
			old, at := rule.Fields[rule.Index(project.OldInitialSync)], path+".develop.watch"+node.IndexElem(i)+"."+project.OldInitialSync
			w := Warning{Pos: old.Pos, Path: at, Msg: "is deprecated, it is taken for initial_sync", Hint: "write initial_sync"}
			if _, ok := old.Node.Value.(bool); !ok {
				w.Msg = "has no effect: it must be true or false"
			}
			s.warn(w)
		}
	}
}

// warnNearMuster looks for a misspelt x-muster: an extension of nearly that name
// that says what x-muster can say.
func (s *session) warnNearMuster(n *node.Node, path string) {
	for _, f := range n.Fields {
		says := slices.ContainsFunc(extensionKeys(), func(key string) bool { return f.Node.Get(key) != nil })
		near := strings.HasPrefix(f.Key, "x-") && f.Key != project.ExtensionKey && hint.Nearest(strings.ToLower(f.Key), []string{project.ExtensionKey}) != ""
		if says && near {
			s.warn(Warning{Pos: f.Pos, Path: node.Dotted(path, f.Key), Msg: "has no effect", Hint: "did you mean " + project.ExtensionKey + "?"})
		}
	}
}
