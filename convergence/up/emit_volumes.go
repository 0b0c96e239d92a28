package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
)

// emitVolumes creates what is missing and replaces what changed, once every
// image is there.
func (c converger) emitVolumes() {
	for _, v := range c.out.Want.Volumes {
		vf := c.f.volumes[v.Key]
		if vf == nil {
			continue
		}
		of, create := "volume "+v.Key, plan.CreateVolume{Volume: v, Labels: creation.VolumeLabels(c.out.Want, v)}
		switch {
		case vf.create:
			c.out.Put(c.volumes[v.Key], of, "create", create, "does not exist yet", c.out.Bringing.All...)
		case vf.replace != "":
			after, running := slices.Clone(c.out.Bringing.All), false
			for _, o := range c.out.Have.Containers {
				if o.MountsVolume(v.Name) {
					sl := c.f.holders[o.ID]
					after, running = append(after, c.out.Removals[o.ID].Step), running || sl != nil && sl.Runs()
				}
			}
			remove := c.out.Add(of, "remove", plan.RemoveVolume{Name: v.Name}, vf.replace, after...)
			remove.Destroys, remove.Finish = "all data of volume "+v.Name, running
			c.out.Put(c.volumes[v.Key], of, "create", create, vf.replace, remove).Finish = true
		}
	}
}
