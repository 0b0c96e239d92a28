package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/project"
)

// Role is what a container is to a project.
type Role int

// The roles.
const (
	// Stranger bears the project's labels at most: labels travel with images, so
	// that whatever is run by hand from an image that Compose or Muster built, or
	// that was committed from one of the project's containers, has them.
	Stranger Role = iota
	// Replica is a container of a service.
	Replica
	// OneOff was made by `run`.
	OneOff
	// HookContainer was made for a pre_start hook.
	HookContainer
)

// Membership is what a container is to a project, and whether the project's
// given files have to do with it.
type Membership struct {
	Role Role
	// Declared says that the given files declare the container's service, in a
	// profile that is not active too. Without files every service counts as declared.
	Declared bool
}

// isWorkload reports whether the container is a replica or a one-off: what commands
// list and work on.
func (m Membership) isWorkload() bool { return m.Role == Replica || m.Role == OneOff }

// Ours is the one rule on what belongs to a project. want is nil where no file
// was loaded. networks are those of the engine.
//
// A container is the project's if, beside its labels, its name, its image or one
// of its networks says so.
func Ours(c Container, networks []Network, want *project.Project) Membership {
	m := Membership{Declared: Declares(want, c.Service)}
	switch {
	case isHook(c, networks):
		m.Role = HookContainer
	case !Managed(c) || !Vouched(c, want) && !(networkMayVouch(c) && onOwnNetwork(c, networks)):
	case c.OneOff:
		m.Role = OneOff
	default:
		m.Role = Replica
	}
	return m
}

// Declares reports whether the files declare the service.
func Declares(want *project.Project, service string) bool {
	return want == nil || want.Service(service) != nil || want.DisabledService(service) != nil
}

// Vouched reports whether the container's name or image agree with its labels.
// The image of a container that was made for the service is the one that its
// label says; that of one that was made from a commit cannot be.
func Vouched(c Container, want *project.Project) bool {
	name := c.Name
	if final, temporary := project.FinalName(name); temporary {
		name = final
	}
	if name == c.Labels[project.LabelName] || canonicalName(c, name) {
		return true
	}
	if image := c.Labels[project.LabelImage]; image != "" && (image == c.ImageID || image == c.ImageDigest) {
		return true
	}
	if want == nil {
		return false
	}
	s := want.Service(c.Service)
	if s == nil {
		s = want.DisabledService(c.Service)
	}
	return s != nil && s.ContainerName == name
}

// networkMayVouch reports whether a network can vouch for a container for which nothing
// else does: nothing else says that it was made as another one.
func networkMayVouch(c Container) bool {
	return c.Labels[project.LabelName] == "" || c.Labels[project.LabelImage] == ""
}

// isHook reports whether the container was made to run a pre_start hook. Ours
// say so. Docker Compose's carry the labels of service and project alone, as
// does whatever is run by hand from an image that Compose built; only one that
// was never started, has the kind of name that engines make up, and is on a
// network of the project is taken for a hook's.
func isHook(c Container, networks []Network) bool {
	if c.Labels[project.LabelHook] != "" {
		made := c.Labels[project.LabelName]
		return made == "" || made == c.Name
	}
	bare := c.Service != "" && !Managed(c) && c.Labels[project.LabelOneOff] == ""
	return c.State == Created && bare && generatedName(c.Name) && onOwnNetwork(c, networks)
}

// generatedName reports whether the name is like those that engines give to containers
// without one: quirky_euler, quirky_euler7.
func generatedName(name string) bool {
	first, second, ok := strings.Cut(strings.TrimRight(name, "0123456789"), "_")
	letters := func(s string) bool { return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == "" }
	return ok && letters(first) && letters(second)
}

// onOwnNetwork reports whether the container is on a network that was made for
// its project.
func onOwnNetwork(c Container, networks []Network) bool {
	return slices.ContainsFunc(networks, func(n Network) bool {
		return n.Labels[project.LabelProject] == c.Project && Attached(c, n.ID, n.Name)
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
	return dashed == prefix+strconv.Itoa(c.Number)
}

// ContainerLister is what finding a project's containers asks of an engine.
type ContainerLister interface {
	ListContainers(ctx context.Context, f ContainerFilter) ([]Container, error)
	ListNetworks(ctx context.Context) ([]Network, error)
}

// ListOurs lists the replicas and one-offs of the project of that name, those of
// services that the files do not declare included; without a name those of every
// project. want is nil where no file was loaded.
func ListOurs(ctx context.Context, e ContainerLister, name string, want *project.Project) ([]Container, error) {
	cs, err := e.ListContainers(ctx, ContainerFilter{Project: name})
	if err != nil {
		return nil, err
	}
	return KeepOurs(ctx, e, cs, want)
}

// KeepOurs keeps those of the containers that are replicas and one-offs of the
// projects that their labels name. The engine is asked for networks only if the
// containers alone leave a doubt.
func KeepOurs(ctx context.Context, e ContainerLister, cs []Container, want *project.Project) ([]Container, error) {
	var networks []Network
	if slices.ContainsFunc(cs, func(c Container) bool { return Managed(c) && !Vouched(c, want) && networkMayVouch(c) }) {
		var err error
		if networks, err = e.ListNetworks(ctx); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(cs), func(c Container) bool { return !Ours(c, networks, want).isWorkload() }), nil
}

// Membership is what the container is to the observed project.
func (o Observed) Membership(c Container, want *project.Project) Membership {
	return Ours(c, o.Networks, want)
}

// OurEvent reports what an event's container is to the project of that name, as
// far as the event tells. Where it is not sure, a look tells.
func OurEvent(ev Event, name string) (m Membership, sure bool) {
	c := ContainerOf(ev, name)
	m = Ours(c, nil, nil)
	return m, m.Role != Stranger || !Managed(c) || !networkMayVouch(c)
}

// Unfinished are the containers of the project that the run that made them may
// still be at work on: those that have not started, successors that have not got
// their names, and those of hooks. A run that was killed leaves such; one that goes on must not
// find them gone.
func (o Observed) Unfinished() []Container {
	return slices.DeleteFunc(slices.Clone(o.Containers), func(c Container) bool {
		_, temporary := project.FinalName(c.Name)
		underway := c.State == Created || temporary || c.Labels[project.LabelHook] != ""
		return c.Labels[project.LabelOp] == "" || !underway || o.Membership(c, nil).Role == Stranger
	})
}

// IgnoreStrangers takes the planners' eyes off strangers: their config hash is dropped,
// which makes them unmanaged. names are theirs.
func (o Observed) IgnoreStrangers(want *project.Project) (mine Observed, names []string) {
	o.Containers = slices.Clone(o.Containers)
	for i, c := range o.Containers {
		labelled := Managed(c) || c.Labels[project.LabelHook] != ""
		if !labelled || o.Membership(c, want).Role != Stranger {
			continue
		}
		c.Labels = maps.Clone(c.Labels)
		delete(c.Labels, project.LabelConfigHash)
		delete(c.Labels, project.LabelHook)
		o.Containers[i] = c
		names = append(names, c.Name)
	}
	return o, names
}

// Ours is the observation without strangers and hook containers.
func (o Observed) Ours(want *project.Project) Observed {
	o.Containers = slices.DeleteFunc(slices.Clone(o.Containers), func(c Container) bool { return !o.Membership(c, want).isWorkload() })
	return o
}

// StrangersWarning explains why the containers are left alone.
func StrangersWarning(names []string) string {
	return fmt.Sprintf("ignoring containers that carry this project's labels but do not belong to it (labels are inherited from images): %s", strings.Join(names, ", "))
}

// ContainerOf is a container as far as an event tells of it.
func ContainerOf(ev Event, projectName string) Container {
	c := Container{Ref: ev.Container, Project: projectName, Service: ev.Service, Labels: ev.Attributes}
	c.OneOff = strings.EqualFold(ev.Attributes[project.LabelOneOff], "true")
	if _, err := fmt.Sscan(ev.Attributes[project.LabelContainerNumber], &c.Number); err != nil {
		c.Number = 0 // one-offs have none
	}
	return c
}
