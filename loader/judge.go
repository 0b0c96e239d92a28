package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// Refusal is the error for problems of a project: Errors, or nil if there are none.
func Refusal(problems []project.Problem) error {
	var all Errors
	for _, p := range problems {
		if e, ok := p.Err.(*Error); ok {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// spoiltErr is the error if a problem makes the files useless as a whole.
func (l *loader) spoiltErr() error {
	if l.reports.spoilt() {
		return l.err()
	}
	return nil
}

// rawErr is the error if something is left out of the merged files: whatever
// their services and resources are, all are there. What can be shown is warned of.
func (l *loader) rawErr() error {
	extended := map[node.Owner]bool{}
	for _, bases := range l.reports.bases {
		for _, base := range bases {
			extended[base], extended[node.Owner{Scope: base.Scope}] = true, true
		}
	}
	judged := Errors{}
	for _, e := range l.reports.errs {
		if part := e.of.Part(); part.Scope == "" || extended[part] || part.Name == "" && extended[node.Owner{Scope: part.Scope}] {
			judged = append(judged, e)
		}
	}
	if l.reports.errs = judged; slices.ContainsFunc(judged, func(e *Error) bool { return !e.shown }) {
		return l.err()
	}
	for _, e := range judged {
		l.reports.warn(Warning{Rule: e.Rule, Pos: e.Pos, Path: e.Path, Msg: e.Msg, Hint: e.Hint})
	}
	return nil
}

// judge hands the problems to the services that they concern. What no service
// uses is unused; services of extended files that nobody extends, and resources
// of such files, are read and not judged.
func (r *reports) judge(tree *node.Node, model *types.Project) (services map[string][]project.Problem, unused []project.Problem) {
	services = map[string][]project.Problem{}
	judgeDefaultPlatform(model, services)
	if len(r.errs) == 0 {
		return services, nil
	}
	r.errs = sortErrors(r.order, r.errs)
	for _, o := range r.parts {
		if n := r.unsaid[o]; n > 0 {
			r.errs = append(r.errs, &Error{of: o, Path: node.Dotted(o.Section, o.Name), Msg: fmt.Sprintf("%d more problems are not shown", n)})
		}
	}
	heirs := r.heirs(model)
	order := 0
	for i, e := range r.errs {
		if i > 0 && !same(r.errs[i-1], e) && !sameWish(r.errs[i-1], e) {
			order++
		}
		problem := project.Problem{Err: e, With: e.with, Order: order, Shown: e.shown}
		concerned := concerned(e, model, heirs)
		for _, name := range sortedKeys(concerned) {
			if e.overridden(tree, name) {
				continue
			}
			problem.Service, problem.Attribute = name, concerned[name]
			services[name] = append(services[name], problem)
		}
		if len(concerned) == 0 && e.of.Scope == "" {
			unused = append(unused, problem)
		}
	}
	return services, unused
}

// overridden reports whether the service has, from a later file or from what
// extends the one that the error is about, another value for the attribute.
func (e *Error) overridden(tree *node.Node, service string) bool {
	if e.node == nil || e.node.Kind != node.Scalar || e.of.Section != "services" || !strings.HasSuffix(e.Path, "."+e.of.Attribute) {
		return false
	}
	value := tree.At("services", service, e.of.Attribute)
	return value != nil && value.Kind == node.Scalar && !value.Bad && value.Pos != e.node.Pos
}

// sameWish reports whether two errors are about one thing that two others have.
func sameWish(a, b *Error) bool {
	return a.with != "" && b.with != "" && a.Pos == b.Pos && a.Path == b.Path
}

// heirs are the services that a service of the files ends up in: itself, if it
// is the project's, and those that extend it. The owner of an extended file
// alone leads to every service that extends one of that file.
func (r *reports) heirs(model *types.Project) map[node.Owner][]string {
	heirs := map[node.Owner][]string{}
	for _, services := range []types.Services{model.Services, model.DisabledServices} {
		for _, name := range sortedKeys(services) {
			seen := map[node.Owner]bool{}
			r.ancestors(node.ServiceOf(name), seen)
			for o := range seen {
				heirs[o] = append(heirs[o], name)
			}
		}
	}
	return heirs
}

func (r *reports) ancestors(o node.Owner, seen map[node.Owner]bool) {
	if seen[o] {
		return
	}
	seen[o] = true
	if o.Scope != "" {
		seen[node.Owner{Scope: o.Scope}] = true
	}
	for _, base := range r.bases[o] {
		r.ancestors(base, seen)
	}
}

// concerned are the services that a problem concerns, each with its attribute
// that the problem is about.
func concerned(e *Error, model *types.Project, heirs map[node.Owner][]string) map[string]string {
	out := map[string]string{}
	part := e.of.Part()
	switch {
	case part.Scope != "" && part.Name == "":
		for _, name := range heirs[node.Owner{Scope: part.Scope}] {
			out[name] = ""
		}
	case part.Section == "services":
		for _, name := range heirs[part] {
			out[name] = e.of.Attribute
		}
	case part.Scope != "":
	case part.Section == project.ExtensionKey:
		for name := range model.Services {
			out[name] = project.ExtensionKey
		}
	default:
		for _, services := range []types.Services{model.Services, model.DisabledServices} {
			for name, spec := range services {
				if attribute := uses(spec, part.Section, part.Name); attribute != "" {
					out[name] = attribute
				}
			}
		}
	}
	return out
}

// uses is the attribute by which a service uses a resource; empty if it does not.
func uses(spec types.ServiceConfig, section, name string) string {
	used := false
	switch section {
	case "networks":
		_, used = spec.Networks[name]
	case "models":
		_, used = spec.Models[name]
	case "volumes":
		used = slices.ContainsFunc(spec.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Type == types.VolumeTypeVolume && v.Source == name })
	case "configs":
		used = slices.ContainsFunc(spec.Configs, func(c types.ServiceConfigObjConfig) bool { return c.Source == name })
	case "secrets":
		secret := func(c types.ServiceSecretConfig) bool { return c.Source == name }
		if used = slices.ContainsFunc(spec.Secrets, secret); !used && spec.Build != nil && slices.ContainsFunc(spec.Build.Secrets, secret) {
			return "build"
		}
	}
	if !used {
		return ""
	}
	return section
}
