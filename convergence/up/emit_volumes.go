package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
)

// emitVolumes creates what is missing and replaces what changed, once every
// image is there.
func (c converger) emitVolumes() {
	for _, v := range c.Want.Volumes {
		vf := c.f.volumes[v.Key]
		if vf == nil {
			continue
		}
		of, create := "volume "+v.Key, plan.CreateVolume{Volume: v, Labels: creation.VolumeLabels(c.Want, v)}
		switch {
		case vf.create:
			c.Put(c.volumes[v.Key], of, "create", create, "does not exist yet", c.Bringing.All...)
		case vf.replace != "":
			after, running := slices.Clone(c.Bringing.All), false
			for _, o := range c.Have.Containers {
				if o.MountsVolume(v.Name) {
					sl := c.f.holders[o.ID]
					after, running = append(after, c.Removals[o.ID].Step), running || sl != nil && sl.Runs()
				}
			}
			remove := c.Add(of, "remove", plan.RemoveVolume{Name: v.Name}, vf.replace, after...)
			remove.Destroys, remove.Finish = "all data of volume "+v.Name, running
			c.Put(c.volumes[v.Key], of, "create", create, vf.replace, remove).Finish = true
		}
	}
}
