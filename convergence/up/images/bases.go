package images

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// buildBases has the images built that those to be built stand on, so that none
// is pulled from elsewhere or older than its sources: also of services that are
// not converged, and of images that are there.
func (s *Set) buildBases(n *plan.Notes) {
	byImage := map[string]*use{}
	for _, u := range s.uses {
		if u.builder != nil {
			byImage[u.ref.Ref] = u
		}
	}
	for _, u := range slices.Clone(s.uses) {
		if u.build == "" {
			continue
		}
		chain, err := WithBases(s.want, []*project.Service{u.builder})
		if err != nil {
			n.Problems = append(n.Problems, err)
			return
		}
		for _, svc := range chain[:len(chain)-1] {
			base := byImage[svc.Image]
			if base == nil {
				base = &use{ref: engine.ServiceImage(svc), builder: svc}
				byImage[svc.Image], s.uses = base, append(s.uses, base)
			}
			base.buildFor(u)
		}
	}
}

// buildFor has the base of an image built, never pulled. It turns out to be
// needless if a pull brings the image itself.
func (u *use) buildFor(user *use) {
	if u == user {
		return
	}
	if len(user.unless) == 0 || u.build != "" && len(u.unless) == 0 {
		u.unless = nil
	} else {
		u.unless = append(u.unless, user.unless...)
		slices.SortFunc(u.unless, Compare)
		u.unless = slices.Compact(u.unless)
	}
	if u.pull = ""; u.build == "" {
		u.build = user.builder.Name + " builds on it"
	}
}
