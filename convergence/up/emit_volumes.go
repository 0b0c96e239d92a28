package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
)

// emitVolumes creates what is missing and replaces what changed, once every
// image is there.
func (c converger) emitVolumes() {
	for _, v := range c.want.Volumes {
		vf := c.f.volumes[v.Key]
		if vf == nil {
			continue
		}
		of, create := "volume "+v.Key, plan.CreateVolume{Volume: v, Labels: creation.VolumeLabels(c.want, v)}
		switch {
		case vf.create:
			c.Put(c.volumes[v.Key], of, "create", create, "not there yet", c.bringing.All...)
		case vf.replace != "":
			after := slices.Clone(c.bringing.All)
			for _, o := range c.have.Containers {
				if o.MountsVolume(v.Name) {
					after = append(after, c.removals[o.ID].step)
				}
			}
			remove := c.Add(of, "remove", plan.RemoveVolume{Name: v.Name}, vf.replace, after...)
			remove.Destroys = "all data of volume " + v.Name
			c.Put(c.volumes[v.Key], of, "create", create, vf.replace, remove).Finish = true
		}
	}
}
