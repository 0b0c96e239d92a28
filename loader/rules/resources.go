package rules

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// externalAlone reports what is said about an external resource beyond its name.
func externalAlone(a *At) {
	if ext := a.Node.Get("external"); ext == nil || ext.Value == false {
		return
	}
	for _, f := range a.Node.Fields {
		if f.Key != "external" && f.Key != "name" && !strings.HasPrefix(f.Key, "x-") {
			a.field(f, "is ignored for external resources")
		}
	}
}

// sources are the keys that say where the content of a config or secret is, and
// those of them that can be used.
func sources(a *At) (all, usable []string) {
	all = []string{"file", "environment", "content"}
	if a.parent.elem == "secrets" {
		return all, all[:2]
	}
	return all, all
}

// ofCluster reports whether a config or secret is one that a cluster keeps.
func ofCluster(f node.Field) bool {
	return f.Key == "driver" || f.Key == "template_driver" || f.Key == "external" && f.Node.Value != false
}

func isFile(a *At) bool { return !a.Node.Bad && a.Node.Kind == node.Mapping }

func clusterFile(a *At) {
	if !isFile(a) || !slices.ContainsFunc(a.Node.Fields, ofCluster) || !a.run.uses(a.parent.elem, a.elem) {
		return
	}
	what := strings.TrimSuffix(a.parent.elem, "s")
	_, usable := sources(a)
	for _, f := range a.Node.Fields {
		if ofCluster(f) {
			a.point(f.Pos, node.Dotted(a.Path(), f.Key), "needs a cluster: a single engine cannot provide the "+what, "use "+hint.OrList(usable))
		}
	}
}

// uses reports whether an active service has the config or secret.
func (r *run) uses(section, name string) bool {
	if r.used == nil {
		r.used = map[[2]string]bool{}
		for _, spec := range r.p.Model.Services {
			for _, ref := range spec.Configs {
				r.used[[2]string{"configs", ref.Source}] = true
			}
			for _, ref := range spec.Secrets {
				r.used[[2]string{"secrets", ref.Source}] = true
			}
		}
	}
	return r.used[[2]string{section, name}]
}

// oneSource checks that a config or secret has exactly one source.
func oneSource(a *At) {
	if !isFile(a) {
		return
	}
	all, usable := sources(a)
	var given []node.Field
	for _, f := range a.Node.Fields {
		if slices.Contains(all, f.Key) {
			given = append(given, f)
		}
	}
	switch {
	case len(given) > 1:
		a.point(given[1].Pos, node.Dotted(a.Path(), given[1].Key), given[0].Key+" and "+given[1].Key+" exclude each other", "remove one")
	case len(given) == 0 && !slices.ContainsFunc(a.Node.Fields, ofCluster):
		a.point(a.Key, a.Path(), "has no source", "give one of "+hint.OrList(usable))
	}
}
