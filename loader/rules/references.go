package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

func source(a *At) {
	extends := a.has("extends") // it is gone from the tree if it went well
	if !a.has("image") && !a.has("build") && !a.has("provider") && !extends {
		a.model("has neither an image nor a build context specified", "", a.of()...)
	}
}

func dockerfiles(a *At) {
	if b := a.spec().Build; b != nil && b.DockerfileInline != "" && a.has("build", "dockerfile") {
		a.model("dockerfile and dockerfile_inline exclude each other", a.rule.Fix, a.of("build", "dockerfile_inline")...)
	}
}

func contextService(a *At) {
	if a.spec().Build == nil {
		return
	}
	contexts := a.spec().Build.AdditionalContexts
	for _, key := range sortedKeys(contexts) {
		target, ok := strings.CutPrefix(contexts[key], types.ServicePrefix)
		if !ok {
			continue
		}
		at := a.of("build", "additional_contexts", key)
		base, there := a.run.p.Model.Services[target]
		if !there { // an inactive service is built all the same
			base, there = a.run.p.Model.DisabledServices[target]
		}
		if a.known("service", target, there, at...) && base.Build == nil {
			a.model(fmt.Sprintf("service %s is not built", target), "", at...)
		}
	}
}

func buildPlatforms(a *At) {
	spec := a.spec()
	if spec.Build != nil && len(spec.Build.Platforms) > 0 && spec.Platform != "" && !slices.Contains(spec.Build.Platforms, spec.Platform) {
		a.model(fmt.Sprintf("build.platforms does not contain the service's platform %s", spec.Platform), "", a.of("build", "platforms")...)
	}
}

// declared are the names of a top-level section, usable or not.
func (a *At) declared(section string) []string {
	var names []string
	if n := a.run.p.Tree.Get(section); n != nil {
		for _, f := range n.Fields {
			names = append(names, f.Key)
		}
	}
	return names
}

// known reports a reference to something that is not declared.
func (a *At) known(what, name string, exists bool, at ...string) bool {
	if exists {
		return true
	}
	section := what + "s"
	names := a.declared(section)
	if slices.Contains(names, name) && what != "service" {
		return true
	}
	fix := hint.DidYouMean(name, names)
	if fix == "" && what != "service" {
		fix = "declare it under " + section + ":"
		if what == "volume" {
			fix += ", or write ./" + name + " for a directory"
		}
	}
	a.model(fmt.Sprintf("undefined %s %q", what, name), fix, at...)
	return false
}

func references(a *At) {
	spec, model := a.spec(), a.run.p.Model
	for _, network := range sortedKeys(spec.Networks) {
		_, ok := model.Networks[network]
		a.known("network", network, ok, a.of("networks", network)...)
	}
	for i, v := range spec.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			_, ok := model.Volumes[v.Source]
			a.known("volume", v.Source, ok, a.of("volumes", node.IndexElem(i))...)
		}
	}
	for i, ref := range spec.Configs {
		_, ok := model.Configs[ref.Source]
		a.known("config", ref.Source, ok, a.of("configs", node.IndexElem(i))...)
	}
	for i, ref := range spec.Secrets {
		_, ok := model.Secrets[ref.Source]
		a.known("secret", ref.Source, ok, a.of("secrets", node.IndexElem(i))...)
	}
	if spec.Build != nil {
		for i, ref := range spec.Build.Secrets {
			_, ok := model.Secrets[ref.Source]
			a.known("secret", ref.Source, ok, a.of("build", "secrets", node.IndexElem(i))...)
		}
	}
	for _, name := range sortedKeys(spec.Models) {
		_, ok := model.Models[name]
		a.known("model", name, ok, a.of("models", name)...)
	}
}

// edge is where the service names its dependency.
func (a *At) edge(name, dependency string) []string {
	spec := a.run.p.Model.Services[name]
	at := []string{"services", name, "depends_on", dependency}
	if _, written := a.run.p.Positions[project.Path(at...)]; written {
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

// dependencies reports those that are not declared. What is, and is no service of
// the model, has been reported.
func dependencies(a *At) {
	model := a.run.p.Model
	for _, dependency := range sortedKeys(a.spec().DependsOn) {
		_, active := model.Services[dependency]
		_, asleep := model.DisabledServices[dependency]
		if !active && !asleep && !slices.Contains(a.declared("services"), dependency) {
			a.known("service", dependency, false, a.edge(a.name(), dependency)...)
		}
	}
}

func sleepers(a *At) {
	model := a.run.p.Model
	for _, dependency := range sortedKeys(a.spec().DependsOn) {
		_, active := model.Services[dependency]
		asleep, declared := model.DisabledServices[dependency]
		if !active && declared && a.spec().DependsOn[dependency].Required {
			a.model(fmt.Sprintf("needs service %s, which belongs to profile %s that is not active", dependency, strings.Join(asleep.Profiles, ", ")),
				fmt.Sprintf("activate it with --profile %s, or say required: false", asleep.Profiles[0]), a.edge(a.name(), dependency)...)
		}
	}
}
