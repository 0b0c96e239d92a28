package up

import (
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// buildBases has the images built that those to be built stand on, so that none
// is pulled from elsewhere or older than its sources: also of services that are
// not converged, and of images that are there.
func (u *up) buildBases(uses []*imageUse) []*imageUse {
	byImage := map[string]*imageUse{}
	for _, use := range uses {
		if use.Builder != nil {
			byImage[use.ref.Ref] = use
		}
	}
	for _, use := range slices.Clone(uses) {
		if use.build == "" {
			continue
		}
		chain, err := WithBases(u.want, []*project.Service{use.Builder})
		if err != nil {
			u.Problems = append(u.Problems, err)
			return uses
		}
		for _, s := range chain[:len(chain)-1] {
			base := byImage[s.Image]
			if base == nil {
				base = &imageUse{ref: engine.ServiceImage(s), Builder: s}
				byImage[s.Image], uses = base, append(uses, base)
			}
			base.buildFor(use)
		}
	}
	return uses
}

// buildFor has the base of an image built, never pulled. It turns out to be
// needless if a pull brings the image itself.
func (b *imageUse) buildFor(user *imageUse) {
	if b == user {
		return
	}
	if len(user.unless) == 0 || b.build != "" && len(b.unless) == 0 {
		b.unless = nil
	} else {
		b.unless = append(b.unless, user.unless...)
		slices.SortFunc(b.unless, compareImageRefs)
		b.unless = slices.Compact(b.unless)
	}
	if b.pull = ""; b.build == "" {
		b.build = user.Builder.Name + " builds on it"
	}
}
