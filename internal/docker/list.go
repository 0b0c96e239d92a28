package docker

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// ListContainers implements engine.Containers with one list call.
func (e *Engine) ListContainers(ctx context.Context, f engine.ContainerFilter) ([]engine.Container, error) {
	opt := container.ListOptions{All: true, Size: f.Size}
	if f.Project != "" {
		opt.Filters = filters.NewArgs(filters.Arg("label", project.LabelProject+"="+f.Project))
	}
	summaries, err := call(ctx, e, read(), "list containers", func(ctx context.Context, c *client.Client) ([]container.Summary, error) {
		return c.ContainerList(ctx, opt)
	})
	if err != nil {
		return nil, err
	}
	o := engine.Observed{Containers: make([]engine.Container, len(summaries))}
	for i := range summaries {
		o.Containers[i] = newContainer(summaries[i])
	}
	o.Sort()
	return o.Containers, nil
}

func newContainer(s container.Summary) engine.Container {
	c := engine.Container{
		Ref:     engine.Ref{ID: s.ID, Name: listedName(s.Names)},
		Image:   s.Image,
		ImageID: s.ImageID,
		Command: s.Command,
		State:   engine.State(s.State),
		Status:  s.Status,
		Created: time.Unix(s.Created, 0).UTC(),
		SizeRw:  s.SizeRw,
	}
	if s.ImageManifestDescriptor != nil {
		c.ImageDigest = s.ImageManifestDescriptor.Digest.String()
	}
	c.Health, c.ExitCode = parseStatus(s.Status)
	label(&c, s.Labels)
	if s.NetworkSettings != nil {
		for name, n := range s.NetworkSettings.Networks {
			c.Networks = append(c.Networks, engine.Attachment{Network: name, NetworkID: n.NetworkID, Address: n.IPAddress})
		}
		sortAttachments(c.Networks)
	}
	for _, m := range s.Mounts {
		c.Mounts = append(c.Mounts, newMount(m))
	}
	sortMounts(c.Mounts)
	for _, p := range s.Ports {
		c.Ports = append(c.Ports, engine.Port{
			HostIP: p.IP, HostPort: int(p.PublicPort), Container: int(p.PrivatePort), Protocol: p.Type,
		})
	}
	sortPorts(c.Ports)
	return c
}

// label fills in what a container's labels say.
func label(c *engine.Container, labels map[string]string) {
	c.Labels = labels
	c.Project, c.Service = labels[project.LabelProject], labels[project.LabelService]
	c.OneOff = strings.EqualFold(labels[project.LabelOneOff], "true")
	if n, err := strconv.Atoi(labels[project.LabelContainerNumber]); err == nil && n > 0 {
		c.Number = n
	}
}

// listedName is a container's own name among those that links give it.
func listedName(names []string) string {
	for _, n := range names {
		if n = strings.TrimPrefix(n, "/"); !strings.Contains(n, "/") {
			return n
		}
	}
	return ""
}

// parseStatus reads the health and the exit code out of the engine's status
// text: "Up 2 hours (healthy)", "Up 1 second (health: starting)", "Exited (137)
// 5 minutes ago", "Restarting (1) 3 seconds ago".
func parseStatus(status string) (engine.Health, int) {
	_, rest, found := strings.Cut(status, "(")
	inner, _, closed := strings.Cut(rest, ")")
	if !found || !closed {
		return engine.HealthNone, 0
	}
	switch strings.TrimPrefix(inner, "health: ") {
	case "healthy":
		return engine.HealthHealthy, 0
	case "unhealthy":
		return engine.HealthUnhealthy, 0
	case "starting":
		return engine.HealthStarting, 0
	}
	code, err := strconv.Atoi(inner)
	if err != nil { // (Paused)
		return engine.HealthNone, 0
	}
	return engine.HealthNone, code
}

func newMount(m container.MountPoint) engine.Mount {
	mount := engine.Mount{Type: string(m.Type), Name: m.Name, Target: m.Destination, ReadOnly: !m.RW}
	if m.Name == "" {
		mount.Source = m.Source
	}
	return mount
}

func sortAttachments(as []engine.Attachment) {
	slices.SortFunc(as, func(a, b engine.Attachment) int {
		return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.NetworkID, b.NetworkID))
	})
}

func sortMounts(ms []engine.Mount) {
	slices.SortFunc(ms, func(a, b engine.Mount) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
	})
}

func sortPorts(ps []engine.Port) {
	slices.SortFunc(ps, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostPort, b.HostPort), cmp.Compare(a.HostIP, b.HostIP))
	})
}
