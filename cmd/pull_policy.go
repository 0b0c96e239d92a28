package cmd

import (
	"context"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// imageName is what the progress calls a service's image, or the service if the
// file names no image.
func imageName(sv *project.Service) string {
	if sv.Spec.Image == "" {
		return sv.Name
	}
	return "Image " + sv.Image
}

// localImages tells which of the services' images are there.
func localImages(ctx context.Context, e engine.Engine, services []*project.Service) (map[engine.ImageRef]bool, error) {
	var refs []engine.ImageRef
	for _, sv := range services {
		refs = append(refs, engine.ImageRef{Ref: sv.Image, Platform: sv.Platform})
	}
	images, err := e.ListImages(ctx, refs)
	there := map[engine.ImageRef]bool{}
	for _, m := range images {
		there[engine.ImageRef{Ref: m.Ref, Platform: m.Wanted}] = true
	}
	return there, err
}

// skips says why a service's image is not pulled; empty if it is.
func (o pullOptions) skips(s *project.Service, present bool) string {
	policy := s.PullPolicy
	if o.policy != "" && o.policy != "policy" {
		policy = o.policy
	}
	switch {
	case s.Spec.Image == "":
		return "No image to be pulled"
	case s.Build && (o.ignoreBuildable || policy == "build"):
		return "Image can be built"
	case policy == "never":
		return "Pull policy is never"
	case (policy == "missing" || policy == "if_not_present") && present && !latest(s.Image):
		return "Image is already present locally"
	}
	return ""
}

// latest reports whether the reference means the tag latest.
func latest(ref string) bool {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	_, tag, tagged := strings.Cut(name, ":")
	return !strings.Contains(ref, "@") && (!tagged || tag == "latest")
}
