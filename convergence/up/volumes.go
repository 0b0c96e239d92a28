package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// volumePlan is what becomes of a named volume of the project.
type volumePlan struct {
	*project.Volume
	replace string // why it is made anew, losing its data; empty if it is not
	create  bool
	ready   plan.StepID // the step after which it is there
}

// surveyVolumes decides about every volume that the scope mounts, or about all
// of them if everything is converged.
func (u *up) surveyVolumes() {
	used := u.usedKeys(func(s *project.Service) []string { return s.Volumes })
	for _, v := range u.want.Volumes {
		if u.partial && !used[v.Key] {
			continue
		}
		if vp := u.surveyVolume(v); vp != nil {
			u.volumes[v.Key] = vp
		}
	}
}

func (u *up) surveyVolume(v *project.Volume) *volumePlan {
	vp := &volumePlan{Volume: v}
	i := slices.IndexFunc(u.have.Volumes, func(o engine.Volume) bool { return o.Name == v.Name })
	if v.External {
		if i < 0 {
			u.Fail(v.Pos, "external volume %q not found: create it first, as docker volume create %s does", v.Name, v.Name)
			return nil
		}
		return vp
	}
	if i < 0 {
		vp.create, vp.ready = true, volumeID(v)+"/create"
		return vp
	}
	live := u.have.Volumes[i]
	hash := live.Labels[project.LabelConfigHash]
	switch {
	case live.Labels[project.LabelProject] != u.want.Name:
		u.Warn("volume %s was not made for project %s; it is used as it is (declare it `external: true` to say so)", v.Name, u.want.Name)
	case hash == "" || hash == string(v.Hash):
	case !u.opt.RecreateVolumes:
		u.diverged = append(u.diverged, v.Name)
		u.Warn("%s: volume %s is defined otherwise now; it is kept as it is, since making it anew destroys its data (up --yes does)", v.Pos, v.Name)
	default:
		vp.replace, vp.ready = "volume "+v.Key+" changed", volumeID(v)+"/create"
		u.checkVolumeUsers(vp)
	}
	return vp
}

func volumeID(v *project.Volume) plan.StepID { return plan.StepID("volume " + v.Key) }

func mountsVolume(c engine.Container, name string) bool {
	return slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return m.Type == "volume" && m.Name == name })
}

// checkVolumeUsers refuses to replace a volume that is mounted by a container
// which this operation does not make anew.
func (u *up) checkVolumeUsers(vp *volumePlan) {
	for _, c := range u.have.Containers {
		if !mountsVolume(c, vp.Name) || (u.scoped(c.Service) && !c.OneOff) || u.isOrphanToRemove(c) {
			continue
		}
		u.Fail(vp.Pos, "volume %s cannot be made anew: container %s uses it and is not part of this operation; remove it first", vp.Name, c.Name)
	}
}

func (u *up) scoped(service string) bool {
	return slices.ContainsFunc(u.scope, func(s *project.Service) bool { return s.Name == service })
}

// replacedVolume is why a container must be removed before its successor is
// made; empty if it need not.
func (u *up) replacedVolume(c engine.Container) string {
	for _, v := range u.want.Volumes {
		if vp := u.volumes[v.Key]; vp != nil && vp.replace != "" && mountsVolume(c, vp.Name) {
			return vp.replace
		}
	}
	return ""
}

// emitVolumes creates what is missing and replaces what changed, once every
// image is there.
func (u *up) emitVolumes() {
	for _, v := range u.want.Volumes {
		vp := u.volumes[v.Key]
		if vp == nil {
			continue
		}
		id := volumeID(v)
		create := plan.CreateVolume{Volume: v, Labels: creation.VolumeLabels(u.want, v)}
		switch {
		case vp.create:
			u.Add(id+"/create", create, "not there yet", u.imageSteps...)
		case vp.replace != "":
			after := slices.Clone(u.imageSteps)
			for _, c := range u.have.Containers {
				if mountsVolume(c, v.Name) {
					after = append(after, u.gone[c.ID])
				}
			}
			remove := u.Add(id+"/remove", plan.RemoveVolume{Name: v.Name}, vp.replace, after...)
			u.Last().Destroys = "all data of volume " + v.Name
			u.Add(id+"/create", create, vp.replace, remove)
			u.Last().Finish = true
		}
	}
}
