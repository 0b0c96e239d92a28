package docker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"github.com/musterdev/muster/engine"
)

// InspectContainer implements engine.Containers.
func (e *Engine) InspectContainer(ctx context.Context, c engine.Ref) (engine.Inspection, error) {
	answer, err := e.inspect(ctx, c)
	if err != nil {
		return engine.Inspection{}, err
	}
	return newInspection(answer), nil
}

func (e *Engine) inspect(ctx context.Context, c engine.Ref) (container.InspectResponse, error) {
	return call(ctx, e, read(), doing("inspect", c), func(ctx context.Context, d *client.Client) (container.InspectResponse, error) {
		return d.ContainerInspect(ctx, c.Key())
	})
}

// newInspection leaves out nothing that an engine tells, and takes an answer
// with sections missing, as other engines give it.
func newInspection(a container.InspectResponse) engine.Inspection {
	var i engine.Inspection
	if a.ContainerJSONBase != nil {
		i.Ref = engine.Ref{ID: a.ID, Name: strings.TrimPrefix(a.Name, "/")}
		i.ImageID = a.Image
		i.Created = parseTime(a.Created)
		i.RestartCount = a.RestartCount
		i.Command = strings.TrimSpace(a.Path + " " + strings.Join(a.Args, " "))
		if a.SizeRw != nil {
			i.SizeRw = *a.SizeRw
		}
		if a.State != nil {
			inspectState(&i, a.State)
		}
		if a.HostConfig != nil {
			inspectHost(&i, a.HostConfig)
		}
	}
	if a.ImageManifestDescriptor != nil {
		i.ImageDigest = a.ImageManifestDescriptor.Digest.String()
	}
	if a.Config != nil {
		inspectConfig(&i, a.Config)
	}
	for _, m := range a.Mounts {
		i.Mounts = append(i.Mounts, newMount(m))
	}
	sortMounts(i.Mounts)
	if a.NetworkSettings != nil {
		for name, n := range a.NetworkSettings.Networks {
			i.Networks = append(i.Networks, engine.Attachment{Network: name, NetworkID: n.NetworkID, Address: n.IPAddress})
		}
		sortAttachments(i.Networks)
		i.Ports = boundPorts(a.NetworkSettings.Ports)
	}
	return i
}

func inspectState(i *engine.Inspection, s *container.State) {
	i.State, i.ExitCode, i.Pid = engine.State(s.Status), s.ExitCode, s.Pid
	i.StartedAt, i.FinishedAt = parseTime(s.StartedAt), parseTime(s.FinishedAt)
	i.Error, i.OOMKilled = engine.HidePasswords(s.Error), s.OOMKilled
	i.Status = s.Status
	if s.Health == nil {
		return
	}
	if s.Health.Status != container.NoHealthcheck {
		i.Health = engine.Health(s.Health.Status)
	}
	i.FailingStreak = s.Health.FailingStreak
	for _, r := range s.Health.Log {
		i.HealthLog = append(i.HealthLog, engine.HealthProbe{Start: r.Start, End: r.End, ExitCode: r.ExitCode, Output: r.Output})
	}
}

func inspectHost(i *engine.Inspection, h *container.HostConfig) {
	i.RestartPolicy = string(h.RestartPolicy.Name)
	if h.RestartPolicy.IsOnFailure() && h.RestartPolicy.MaximumRetryCount > 0 {
		i.RestartPolicy += ":" + strconv.Itoa(h.RestartPolicy.MaximumRetryCount)
	}
	i.AutoRemove, i.NetworkMode, i.LogDriver = h.AutoRemove, string(h.NetworkMode), h.LogConfig.Type
}

func inspectConfig(i *engine.Inspection, c *container.Config) {
	label(&i.Container, c.Labels)
	i.Image, i.TTY, i.StopSignal = c.Image, c.Tty, c.StopSignal
	if t := c.StopTimeout; t != nil && *t != 0 {
		i.StopTimeout = time.Duration(*t) * time.Second
	}
	i.Environment = slices.Clone(c.Env)
	i.ImageVolumes = slices.Sorted(maps.Keys(c.Volumes))
	if h := c.Healthcheck; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
		i.HealthCheck = &engine.HealthCheck{
			Test: h.Test, Shell: c.Shell, Interval: h.Interval, Timeout: h.Timeout,
			StartPeriod: h.StartPeriod, Retries: h.Retries,
		}
	}
}

func boundPorts(bound nat.PortMap) []engine.Port {
	var ps []engine.Port
	for port, bindings := range bound {
		if len(bindings) == 0 {
			ps = append(ps, engine.Port{Container: port.Int(), Protocol: port.Proto()})
		}
		for _, b := range bindings {
			host, err := strconv.Atoi(b.HostPort)
			if err != nil {
				host = 0 // not bound yet
			}
			ps = append(ps, engine.Port{HostIP: b.HostIP, HostPort: host, Container: port.Int(), Protocol: port.Proto()})
		}
	}
	sortPorts(ps)
	return ps
}

// parseTime reads the engine's times, in which the year 1 means never.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

// describe names a container that stands in the way.
func describe(a container.InspectResponse) string {
	i := newInspection(a)
	text := "container " + i.ID[:min(12, len(i.ID))]
	switch {
	case i.Project != "" && i.Service != "":
		return fmt.Sprintf("%s (service %s of project %s)", text, i.Service, i.Project)
	case i.Image != "":
		return fmt.Sprintf("%s (image %s)", text, i.Image)
	}
	return text
}
