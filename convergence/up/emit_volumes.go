package up

import (
	"slices"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up/creation"
	"github.com/musterdev/muster/convergence/up/emit"
	"github.com/musterdev/muster/project"
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
			removals, stops := arrangeRemovals(c.f, c.out, v)
			after := slices.Concat(c.out.Bringing.All, removals)
			remove := c.out.Add(of, "remove", plan.RemoveVolume{Name: v.Name}, vf.replace, after...)
			remove.Destroys, remove.Finish = "all data of volume "+v.Name, len(stops) > 0
			c.out.Put(c.volumes[v.Key], of, "create", create, vf.replace, remove).Finish = true
		}
	}
}

// arrangeRemovals has the removals of containers that mount the volume and are down
// finish what the stops begin, of containers that start only when the volume is there
// again. The result are the removals of all that mount it, and those stops.
func arrangeRemovals(f *fates, out *emit.Emitter, v *project.Volume) (removals, stops []*plan.Handle) {
	for _, sv := range f.order {
		for _, sl := range sv.Slots {
			if slices.Contains(sv.Volumes, v.Key) && sl.Stops() && sl.Apart {
				stops = append(stops, sl.Stop)
			}
		}
	}
	var down []*plan.Handle
	for _, o := range out.Have.Containers {
		removal := out.Removals[o.ID].Step
		if removal == nil || !o.MountsVolume(v.Name) {
			continue
		}
		removals = append(removals, removal)
		if sl := f.holders[o.ID]; sl != nil && sl.Stops() {
			stops = append(stops, sl.Stop)
		} else {
			down = append(down, removal)
		}
	}
	for _, removal := range down { // what stopped waits for them, too; before that there is nothing to finish
		removal.Finish = len(stops) > 0
		removal.Need(stops...)
	}
	return removals, stops
}
