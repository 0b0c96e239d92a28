package engine

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"github.com/musterdev/muster/project"
)

// Open reports what the plan could not know: images whose digests belong into
// labels and that were not there when it was made, and containers, by service,
// that are named but had no ID yet.
func (s CreateSpec) Open() (images []ImageRef, refs map[string]Ref) {
	if s.ImageID == "" {
		images = append(images, ServiceImage(s.Service))
	}
	if _, known := s.Labels[project.LabelImageVolume]; !known {
		images = append(images, VolumeImages(s.Project, s.Service)...)
	}
	refs = map[string]Ref{}
	for service, r := range s.Refs {
		if r.ID == "" {
			refs[service] = r
		}
	}
	return images, refs
}

// Complete returns the spec with what Open asked for: local images, and
// container IDs by service. Images that are not there leave their labels out.
func (s CreateSpec) Complete(images []Image, ids map[string]string) (CreateSpec, error) {
	s.Labels = maps.Clone(s.Labels)
	s.Refs = maps.Clone(s.Refs)
	local := Observed{Images: images}
	if m, ok := local.Image(ServiceImage(s.Service)); ok && s.ImageID == "" {
		s.ImageID = m.ID
		s.Labels[project.LabelImage] = m.Digest
	}
	if _, known := s.Labels[project.LabelImageVolume]; !known {
		if l := ImageVolumeLabel(s.Project, s.Service, local); l != "" {
			s.Labels[project.LabelImageVolume] = l
		}
	}
	all := map[string]string{}
	for service, r := range s.Refs {
		r.ID = cmp.Or(r.ID, ids[service])
		s.Refs[service] = r
		all[service] = r.ID
	}
	hash, err := s.Service.HashResolved(all)
	if err != nil {
		return s, fmt.Errorf("create %s: %w", s.Name, err)
	}
	s.Labels[project.LabelConfigHash] = string(hash)
	return s, nil
}

// ServiceImage is the image of the service's containers, for their platform.
func ServiceImage(s *project.Service) ImageRef {
	aged := s.PullPolicy == "daily" || s.PullPolicy == "weekly" || strings.HasPrefix(s.PullPolicy, "every_")
	return ImageRef{Ref: s.Image, Platform: s.Platform, Age: aged}
}

// VolumeImages are the images that the service mounts as volumes.
func VolumeImages(p *project.Project, s *project.Service) []ImageRef {
	var refs []ImageRef
	for _, v := range s.Spec.Volumes {
		if v.Type == "image" {
			refs = append(refs, ImageRef{Ref: v.Source, Platform: p.Environment["DOCKER_DEFAULT_PLATFORM"]})
		}
	}
	return refs
}

// ImageVolumeLabel is Docker Compose's list target=digest of image mounts. It
// is empty if the service has none or an image is not known.
func ImageVolumeLabel(p *project.Project, s *project.Service, have Observed) string {
	var parts []string
	for _, v := range s.Spec.Volumes {
		if v.Type != "image" {
			continue
		}
		m, ok := have.Image(ImageRef{Ref: v.Source, Platform: p.Environment["DOCKER_DEFAULT_PLATFORM"]})
		if !ok {
			return ""
		}
		parts = append(parts, v.Target+"="+m.Digest)
	}
	return strings.Join(parts, ",")
}
