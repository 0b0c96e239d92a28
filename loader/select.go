package loader

import (
	"path"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
)

// names reports whether a service is named on the command line, by its name or
// by a shell pattern.
func (l *loader) names(service string) bool {
	return slices.ContainsFunc(l.in.Services, func(pattern string) bool {
		ok, err := path.Match(pattern, service)
		return pattern == service || err == nil && ok
	})
}

// activeProfiles are the given profiles and those of the services named on the
// command line.
func (l *loader) activeProfiles(tree *node.Node) []string {
	active := slices.Clone(l.profiles())
	services := tree.Get("services")
	if services == nil {
		return active
	}
	for _, f := range services.Fields {
		profiles := node.StringNodes(f.Node.Get("profiles"))
		if !l.names(f.Key) || slices.ContainsFunc(profiles, func(n *node.Node) bool { return slices.Contains(active, n.Value.(string)) }) {
			continue
		}
		for _, n := range profiles {
			active = append(active, n.Value.(string))
		}
	}
	return active
}

// selected tells which services are named on the command line or needed by one
// that is; all are if none is named.
func (l *loader) selected(model *types.Project) func(string) bool {
	if len(l.in.Services) == 0 {
		return func(string) bool { return true }
	}
	needs := map[string][]string{}
	var roots []string
	for _, name := range sortedKeys(model.Services) {
		needs[name] = nil
		if l.names(name) {
			roots = append(roots, name)
		}
		for _, dependency := range sortedKeys(model.Services[name].DependsOn) {
			if _, active := model.Services[dependency]; active {
				needs[name] = append(needs[name], dependency)
			}
		}
	}
	closure := map[string]bool{}
	for len(roots) > 0 {
		name := roots[len(roots)-1]
		roots = roots[:len(roots)-1]
		if !closure[name] {
			closure[name] = true
			roots = append(roots, needs[name]...)
		}
	}
	return func(name string) bool { return closure[name] }
}
