package loader

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// consistency checks the merged model across elements: references, names that
// must be unique, attributes that exclude each other.
type consistency struct {
	s         *session
	tree      *node.Node
	model     *types.Project
	positions project.Positions
}

func newConsistency(s *session, tree *node.Node, model *types.Project, positions project.Positions) *consistency {
	return &consistency{s: s, tree: tree, model: model, positions: positions}
}

func (c *consistency) check() {
	containers := map[string][]string{}
	for _, name := range sortedKeys(c.model.Services) {
		spec := c.model.Services[name]
		if c.s.stubs[name] {
			continue // what is wrong with it has been said
		}
		c.source(name, spec)
		c.references(name, spec)
		c.dependencies(name, spec)
		c.conflicts(name, spec)
		c.mounts(name, spec)
		for _, other := range containers[spec.ContainerName] {
			c.report(&Error{Msg: fmt.Sprintf("container name %q is taken by service %s", spec.ContainerName, other), with: other, shown: true}, "services", name, "container_name")
		}
		if spec.ContainerName != "" && len(containers[spec.ContainerName]) < maxNamesakes { // the plan sees the others
			containers[spec.ContainerName] = append(containers[spec.ContainerName], name)
		}
	}
	for _, name := range sortedKeys(c.model.DisabledServices) {
		if !c.s.stubs[name] {
			c.source(name, c.model.DisabledServices[name]) // others may be built on it
		}
	}
	c.cycles()
	c.resources()
}

// maxNamesakes is how many services with one container name are named.
const maxNamesakes = 20

// fail reports a problem of the element at the path.
func (c *consistency) fail(msg, hint string, elems ...string) {
	c.report(&Error{Msg: msg, Hint: hint}, elems...)
}

// refuse reports what can be shown, but not run.
func (c *consistency) refuse(msg, hint string, elems ...string) {
	c.report(&Error{Msg: msg, Hint: hint, shown: true}, elems...)
}

func (c *consistency) report(e *Error, elems ...string) {
	e.Pos, e.Path = c.positions.Of(elems...), node.Readable(elems)
	for _, elem := range elems {
		e.of = e.of.Within(elem)
	}
	c.s.fail(e)
}

func (c *consistency) service(name string) *node.Node { return c.tree.At("services", name) }

// has reports whether the service has the attribute in any file, usable or not,
// and none takes it away.
func (c *consistency) has(name string, keys ...string) bool {
	n := c.service(name).At(keys...)
	return n != nil && n.Tag != node.TagReset
}

func (c *consistency) source(name string, spec types.ServiceConfig) {
	extends := c.has(name, "extends") // it is gone from the tree if it went well
	if !c.has(name, "image") && !c.has(name, "build") && !c.has(name, "provider") && !extends {
		c.fail("has neither an image nor a build context specified", "", "services", name)
	}
	if spec.Build == nil {
		return
	}
	if spec.Build.DockerfileInline != "" && c.has(name, "build", "dockerfile") {
		c.fail("dockerfile and dockerfile_inline exclude each other", "remove one", "services", name, "build", "dockerfile_inline")
	}
	for _, key := range sortedKeys(spec.Build.AdditionalContexts) {
		target, ok := strings.CutPrefix(spec.Build.AdditionalContexts[key], types.ServicePrefix)
		if !ok {
			continue
		}
		at := []string{"services", name, "build", "additional_contexts", key}
		base, there := c.model.Services[target]
		if !there { // an inactive service is built all the same
			base, there = c.model.DisabledServices[target]
		}
		if c.known("service", target, there, at...) && base.Build == nil {
			c.fail(fmt.Sprintf("service %s is not built", target), "", at...)
		}
	}
	if len(spec.Build.Platforms) > 0 && spec.Platform != "" && !slices.Contains(spec.Build.Platforms, spec.Platform) {
		c.fail(fmt.Sprintf("build.platforms does not contain the service's platform %s", spec.Platform), "", "services", name, "build", "platforms")
	}
}

// declared are the names of a top-level section, usable or not.
func (c *consistency) declared(section string) []string {
	var names []string
	if n := c.tree.Get(section); n != nil {
		for _, f := range n.Fields {
			names = append(names, f.Key)
		}
	}
	return names
}

// known reports a reference to something that is not declared.
func (c *consistency) known(what, name string, exists bool, at ...string) bool {
	if exists {
		return true
	}
	section := what + "s"
	names := c.declared(section)
	if slices.Contains(names, name) && what != "service" {
		return true
	}
	hint := hint.DidYouMean(name, names)
	if hint == "" && what != "service" {
		hint = "declare it under " + section + ":"
		if what == "volume" {
			hint += ", or write ./" + name + " for a directory"
		}
	}
	c.fail(fmt.Sprintf("undefined %s %q", what, name), hint, at...)
	return false
}

func (c *consistency) references(name string, spec types.ServiceConfig) {
	for _, network := range sortedKeys(spec.Networks) {
		_, ok := c.model.Networks[network]
		c.known("network", network, ok, "services", name, "networks", network)
	}
	for i, v := range spec.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			_, ok := c.model.Volumes[v.Source]
			c.known("volume", v.Source, ok, "services", name, "volumes", node.IndexElem(i))
		}
	}
	for i, ref := range spec.Configs {
		_, ok := c.model.Configs[ref.Source]
		c.known("config", ref.Source, ok, "services", name, "configs", node.IndexElem(i))
	}
	for i, ref := range spec.Secrets {
		_, ok := c.model.Secrets[ref.Source]
		c.known("secret", ref.Source, ok, "services", name, "secrets", node.IndexElem(i))
	}
	if spec.Build != nil {
		for i, ref := range spec.Build.Secrets {
			_, ok := c.model.Secrets[ref.Source]
			c.known("secret", ref.Source, ok, "services", name, "build", "secrets", node.IndexElem(i))
		}
	}
	for _, model := range sortedKeys(spec.Models) {
		_, ok := c.model.Models[model]
		c.known("model", model, ok, "services", name, "models", model)
	}
}

// edge is where the service names its dependency.
func (c *consistency) edge(name, dependency string) []string {
	spec := c.model.Services[name]
	at := []string{"services", name, "depends_on", dependency}
	if _, written := c.positions[project.Path(at...)]; written {
		return at
	}
	for i, l := range spec.Links {
		if target, _, _ := strings.Cut(l, ":"); target == dependency {
			return []string{"services", name, "links", node.IndexElem(i)}
		}
	}
	for _, n := range []struct{ attribute, value string }{
		{"network_mode", spec.NetworkMode}, {"ipc", spec.Ipc}, {"pid", spec.Pid}, {"uts", spec.Uts}, {"cgroup", spec.Cgroup},
	} {
		if n.value == types.ServicePrefix+dependency {
			return []string{"services", name, n.attribute}
		}
	}
	for i, from := range spec.VolumesFrom {
		if target, _, _ := strings.Cut(from, ":"); target == dependency {
			return []string{"services", name, "volumes_from", node.IndexElem(i)}
		}
	}
	return []string{"services", name}
}

func (c *consistency) dependencies(name string, spec types.ServiceConfig) {
	for _, dependency := range sortedKeys(spec.DependsOn) {
		if _, active := c.model.Services[dependency]; active {
			continue
		}
		at := c.edge(name, dependency)
		disabled, declared := c.model.DisabledServices[dependency]
		switch {
		case !declared && slices.Contains(c.declared("services"), dependency):
			// it is declared, and what is wrong with it has been said
		case !declared:
			c.known("service", dependency, false, at...)
		case spec.DependsOn[dependency].Required:
			profile := strings.Join(disabled.Profiles, ", ")
			c.fail(fmt.Sprintf("needs service %s, which belongs to profile %s that is not active", dependency, profile),
				fmt.Sprintf("activate it with --profile %s, or say required: false", disabled.Profiles[0]), at...)
		}
	}
}

// cycles reports services that depend on each other, each cycle at one of its
// dependencies, which is taken out of the model: services that have nothing to
// do with it have an order, and whoever needs one of the cycle needs all of it.
func (c *consistency) cycles() {
	needs := map[string][]string{}
	for name, spec := range c.model.Services {
		needs[name] = nil
		for _, dependency := range sortedKeys(spec.DependsOn) {
			if _, active := c.model.Services[dependency]; active {
				needs[name] = append(needs[name], dependency)
			}
		}
	}
	for _, cycle := range cycles(needs) {
		var steps []string
		for i, from := range cycle[:len(cycle)-1] {
			at := c.edge(from, cycle[i+1])
			steps = append(steps, fmt.Sprintf("%s needs %s (%s)", from, cycle[i+1], c.positions.Of(at...)))
		}
		c.fail("services depend on each other: "+strings.Join(steps, ", "), "", c.edge(cycle[0], cycle[1])...)
		c.cut(cycle[0], cycle[1])
	}
	for _, e := range backEdges(needs) { // what is left of very many
		c.fail(fmt.Sprintf("needs service %s, which needs it in turn", e[1]), "", c.edge(e[0], e[1])...)
		c.cut(e[0], e[1])
	}
}

// cut takes a dependency out of the model.
func (c *consistency) cut(name, dependency string) {
	spec := c.model.Services[name]
	spec.DependsOn = maps.Clone(spec.DependsOn)
	delete(spec.DependsOn, dependency)
	c.model.Services[name] = spec
}
