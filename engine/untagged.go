package engine

import (
	"context"
	"fmt"

	"github.com/musterdev/muster/project"
)

// WithUntaggedImages finds the images of tags that services share between platforms and
// that have lost their name: an engine that keeps one image per tag gave it to
// the other platform's. What a container was made from is still its service's
// image, else every run would pull one of them again, and replace its containers.
func (o Observed) WithUntaggedImages(ctx context.Context, e Lister, want *project.Project) (Observed, error) {
	holders := map[ImageRef][]ImageRef{} // by their images' IDs
	var refs []ImageRef
	for _, s := range want.Services {
		ref := ServiceImage(s).Plain()
		if _, found := o.Image(ref); found || !s.SharesTag || s.Provider {
			continue
		}
		for _, c := range o.Of(s.Name) {
			byID := ImageRef{Ref: c.ImageID, Platform: ref.Platform}
			if c.ImageID == "" || !madeFrom(s, c) {
				continue
			}
			if holders[byID] == nil {
				refs = append(refs, byID)
			}
			holders[byID] = append(holders[byID], ref)
		}
	}
	if len(refs) == 0 {
		return o, nil
	}
	images, err := e.ListImages(ctx, refs)
	if err != nil {
		return Observed{}, fmt.Errorf("observe project %s: %w", o.Project, err)
	}
	newest := map[ImageRef]Image{}
	for _, m := range images {
		for _, ref := range holders[ImageRef{Ref: m.Ref, Platform: m.Wanted}] {
			if old, known := newest[ref]; known && !m.Created.After(old.Created) {
				continue
			}
			newest[ref] = m
		}
	}
	return o.WithImages(newest), nil
}

// madeFrom reports whether the container was made when the service had the image
// and platform that it has now.
func madeFrom(s *project.Service, c Container) bool {
	if c.Labels[project.LabelConfigHash] == string(s.Hash) {
		return true
	}
	made := project.ParseFingerprints(c.Labels[project.LabelSections])
	return len(made) > 0 && made["image"] == s.Sections["image"] && made["platform"] == s.Sections["platform"]
}

// WithImages is the observation with these images for these references.
func (o Observed) WithImages(images map[ImageRef]Image) Observed {
	if len(images) == 0 {
		return o
	}
	o.Images = append([]Image(nil), o.Images...)
	for ref, m := range images {
		m.Ref, m.Wanted = ref.Ref, ref.Platform
		replaced := false
		for i := range o.Images {
			if o.Images[i].Ref == m.Ref && o.Images[i].Wanted == m.Wanted {
				o.Images[i], replaced = m, true
			}
		}
		if !replaced {
			o.Images = append(o.Images, m)
		}
	}
	o.Sort()
	return o
}
