package creation

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// PreStart runs one of the service's hooks beside a container of it.
func PreStart(want *project.Project, s *project.Service, index int, refs map[string]engine.Ref, beside engine.Ref) plan.RunPreStart {
	h := s.PreStart[index]
	a := plan.RunPreStart{Spec: hookSpec(want, s, index, refs), Beside: beside, Index: index, Hook: h, OwnImage: s.OwnImage(h)}
	a.Files = ContainerFiles(want, a.Spec.Service)
	return a
}

// hookSpec asks for the container of a pre_start hook. Its labels make it
// nobody's replica, so that what is left of it is found and removed.
func hookSpec(want *project.Project, s *project.Service, index int, refs map[string]engine.Ref) engine.CreateSpec {
	h := s.PreStart[index]
	name := strings.Join([]string{want.Name, s.Name, fmt.Sprintf("pre_start%s%d", want.Separator, index)}, want.Separator)
	spec := engine.CreateSpec{
		Project: want, Service: s.ForHook(h), Name: name, Refs: refs,
		Labels: ContainerLabels(want, s, 0, true), RestartPolicy: string(restartpolicy.No),
	}
	for _, l := range []string{
		project.LabelConfigHash, project.LabelOneOff, project.LabelDependsOn, project.LabelSections,
		project.LabelContent, project.LabelKey, project.LabelPolicy, project.LabelOwner,
	} {
		delete(spec.Labels, l)
	}
	spec.Labels[project.LabelHook], spec.Labels[project.LabelName] = "pre_start", name
	return spec
}

// HookImage is the image of a hook that has one of its own.
func HookImage(p *project.Project, s *project.Service, h project.Hook) engine.ImageRef {
	return engine.ImageRef{Ref: h.Image, Platform: cmp.Or(s.Spec.Platform, p.Environment["DOCKER_DEFAULT_PLATFORM"])}
}

// HookImages are the images of pre_start hooks that have one of their own.
func HookImages(p *project.Project, s *project.Service) []engine.ImageRef {
	var refs []engine.ImageRef
	for _, h := range s.PreStart {
		if s.OwnImage(h) {
			refs = append(refs, HookImage(p, s, h))
		}
	}
	return refs
}
