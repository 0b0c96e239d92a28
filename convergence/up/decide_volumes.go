package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/up/fate"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// volumeFate is what becomes of a named volume of the project.
type volumeFate struct {
	*project.Volume
	replace string // why it is made anew, losing its data; empty if it is not
	create  bool
}

// decideVolumes decides about every volume that the scope mounts, or about all
// of them if everything is converged.
func (f *fates) decideVolumes() {
	used := f.targets.usedKeys(func(s *project.Service) []string { return s.Volumes })
	for _, v := range f.targets.Want.Volumes {
		if f.targets.partial && !used[v.Key] {
			continue
		}
		if vp := f.decideVolume(v); vp != nil {
			f.volumes[v.Key] = vp
		}
	}
}

func (f *fates) decideVolume(v *project.Volume) *volumeFate {
	vp := &volumeFate{Volume: v}
	i := slices.IndexFunc(f.targets.Have.Volumes, func(o engine.Volume) bool { return o.Name == v.Name })
	if v.External {
		if i < 0 {
			f.targets.Notes.Fail(v.Pos, "external volume %q not found: create it first, as docker volume create %s does", v.Name, v.Name)
			return nil
		}
		return vp
	}
	if i < 0 {
		vp.create = true
		return vp
	}
	live := f.targets.Have.Volumes[i]
	hash := live.Labels[project.LabelConfigHash]
	switch {
	case live.Labels[project.LabelProject] != f.targets.Want.Name:
		f.targets.Notes.Warn("volume %s was not created by project %s; using it as is (declare it `external: true` to say so)", v.Name, f.targets.Want.Name)
	case hash == "" || hash == string(v.Hash):
	case !f.targets.opt.RecreateVolumes:
		f.diverged = append(f.diverged, v.Name)
		f.targets.Notes.Warn("%s: the definition of volume %s changed; keeping the existing one, because recreating it would destroy its data (up --yes recreates it)", v.Pos, v.Name)
	default:
		vp.replace = "volume " + v.Key + " changed"
		f.checkVolumeUsers(vp)
	}
	return vp
}

// checkVolumeUsers refuses to replace a volume that is mounted by a container
// which this operation does not make anew.
func (f *fates) checkVolumeUsers(vp *volumeFate) {
	for _, c := range f.targets.Have.Containers {
		if !c.MountsVolume(vp.Name) || (f.targets.scoped(c.Service) && !c.OneOff) || f.orphan(c).Fate == fate.Remove {
			continue
		}
		f.targets.Notes.Fail(vp.Pos, "volume %s cannot be recreated: it is in use by container %s, which this command does not manage; remove that first", vp.Name, c.Name)
	}
}

// replacedVolume is why a container must be removed before its successor is
// made; empty if it need not.
func (f *fates) replacedVolume(c engine.Container) string {
	for _, v := range f.targets.Want.Volumes {
		if vp := f.volumes[v.Key]; vp != nil && vp.replace != "" && c.MountsVolume(vp.Name) {
			return vp.replace
		}
	}
	return ""
}
