package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/emit"
	"github.com/musterdev/muster/convergence/up/survey"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// inherit are the anonymous volumes that the successor mounts again: those of
// targets that the service declares without a source, and those that the image
// declares, which only the engine knows.
func (f *fates) inherit(sl *survey.Slot) []engine.InheritedVolume {
	if f.targets.opt.RenewAnonVolumes && f.targets.named[sl.Svc.Name] {
		return nil
	}
	var inherited []engine.InheritedVolume
	for _, m := range sl.Old.Mounts {
		if !emit.Anonymous(m) {
			continue
		}
		declared, named := creation.MountAt(sl.Svc.Service, m.Target)
		if (declared && named) || (!declared && f.borrowed(sl.Svc.Service, m)) {
			continue
		}
		inherited = append(inherited, engine.InheritedVolume{Volume: m.Name, Target: m.Target, IfImageVolume: !declared})
	}
	return inherited
}

// borrowed reports whether the mount comes from a container that the service
// names in volumes_from: it comes from there again.
func (f *fates) borrowed(s *project.Service, m engine.Mount) bool {
	return slices.ContainsFunc(s.Namespaces, func(n project.NamespaceRef) bool {
		return n.Attribute == "volumes_from" && slices.ContainsFunc(f.targets.Have.Of(n.Service), func(c engine.Container) bool { return c.MountsVolume(m.Name) })
	})
}

// inherited are the anonymous volumes that successors mount again.
func (f *fates) inherited() map[string]bool {
	names := map[string]bool{}
	for _, sl := range f.holders {
		for _, in := range sl.Inherit {
			names[in.Volume] = true
		}
	}
	return names
}
