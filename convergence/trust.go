package convergence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// disown takes the planners' eyes off containers that only look like the
// project's: labels travel with images, so a container run by hand from a
// commit of demo-web-1 says that it is demo-web-1. A container is the project's
// if, beside its labels, its name or one of its networks says so. Of others the
// config hash is dropped, which makes them unmanaged. names are those disowned.
func (o Observed) disown(want *project.Project) (mine Observed, names []string) {
	o.Containers = slices.Clone(o.Containers)
	for i, c := range o.Containers {
		if !managed(c) || o.vouches(want, c) {
			continue
		}
		c.Labels = maps.Clone(c.Labels)
		delete(c.Labels, project.LabelConfigHash)
		o.Containers[i] = c
		names = append(names, c.Name)
	}
	return o, names
}

// disownedWarning explains why the containers are left alone.
func disownedWarning(names []string) string {
	return fmt.Sprintf("containers carry the project's labels, but neither a name nor a network of it; they are left alone: %s", strings.Join(names, ", "))
}

// vouches reports whether the container's name or networks agree with its labels.
func (o Observed) vouches(want *project.Project, c Container) bool {
	name := c.Name
	if final, temporary := project.FinalName(name); temporary {
		name = final
	}
	if name == c.Labels[project.LabelName] || canonicalName(c, name) {
		return true
	}
	if want != nil {
		for _, s := range slices.Concat(want.Services, want.Disabled) {
			if s.Name == c.Service && s.ContainerName == name {
				return true
			}
		}
	}
	return o.onOwnNetwork(c)
}

// isHook reports whether the container was made to run a pre_start hook. Ours
// say so. Docker Compose's carry the labels of service and project alone, as
// does whatever is run by hand from an image that Compose built; only one that
// was never started and is on a network of the project is taken for a hook's.
func isHook(o Observed, c Container) bool {
	if c.Labels[project.LabelHook] != "" {
		return true
	}
	return c.State == Created && c.Service != "" && !managed(c) && c.Labels[project.LabelOneOff] == "" && o.onOwnNetwork(c)
}

// onOwnNetwork reports whether the container is on a network that was made for
// its project.
func (o Observed) onOwnNetwork(c Container) bool {
	return slices.ContainsFunc(o.Networks, func(n Network) bool {
		return n.Labels[project.LabelProject] == c.Project && attached(c, n.ID, n.Name)
	})
}

// canonicalName reports whether the name is the one that service and number
// give, with either separator.
func canonicalName(c Container, name string) bool {
	dashed := strings.ReplaceAll(name, "_", "-")
	prefix := strings.ReplaceAll(c.Project+"-"+c.Service+"-", "_", "-")
	if c.OneOff {
		return strings.HasPrefix(dashed, prefix+"run-")
	}
	return dashed == prefix+itoa(c.Number)
}
