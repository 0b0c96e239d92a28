package request

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/strslice"

	"github.com/musterdev/muster/project"
)

// config translates what runs in the container: program, environment, user,
// labels, health check.
func (t Translation) config() *container.Config {
	s := t.spec
	c := &container.Config{
		Hostname:     s.Hostname,
		Domainname:   s.DomainName,
		User:         s.User,
		ExposedPorts: t.exposed(),
		Tty:          s.Tty,
		OpenStdin:    s.StdinOpen,
		Env:          t.environment(),
		Cmd:          strslice.StrSlice(s.Command),
		Entrypoint:   strslice.StrSlice(s.Entrypoint),
		Healthcheck:  t.healthCheck(),
		Image:        t.in.Service.Image,
		WorkingDir:   s.WorkingDir,
		Labels:       t.labels(),
		StopSignal:   s.StopSignal,
		StopTimeout:  Seconds(t.in.Service.Grace),
	}
	//lint:ignore SA1019 engines below API 1.44 know no other; it is empty for the rest
	c.MacAddress = t.legacyMAC()
	if c.StopSignal == "" {
		c.StopSignal = t.in.StopSignal
	}
	// Whoever runs a one-off with an open input is its only writer: when it is
	// done the program has to see the end of the input.
	c.AttachStdin = t.in.OneOff && s.StdinOpen
	c.StdinOnce = c.AttachStdin
	c.AttachStdout, c.AttachStderr = t.in.OneOff, t.in.OneOff
	if t.clearsCommand() && t.Image != nil && t.Image.Config != nil {
		// The engine takes the image's command for a missing one unless the
		// entrypoint is given too.
		c.Entrypoint = t.Image.Config.Entrypoint
	}
	return c
}

// labels are the spec's, with the inherited volumes noted: the engine takes them
// for named ones, so that whoever removes the container has to know.
func (t Translation) labels() map[string]string {
	var names []string
	for _, v := range t.inherited() {
		names = append(names, v.Volume)
	}
	if len(names) == 0 {
		return t.in.Labels
	}
	labels := maps.Clone(t.in.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[project.LabelInherit] = strings.Join(names, ",")
	return labels
}

// clearsCommand reports whether the service wants the image's entrypoint
// without the image's command.
func (t Translation) clearsCommand() bool {
	return t.spec.Command != nil && len(t.spec.Command) == 0 && t.spec.Entrypoint == nil
}

// SocketConfig is where a service with use_api_socket finds the registries'
// credentials.
const SocketConfig = "/run/secrets/docker"

// environment is sorted by name. A name without a value removes the image's.
func (t Translation) environment() []string {
	env := make(types.MappingWithEquals, len(t.spec.Environment)+len(t.Proxy))
	for name, value := range t.Proxy {
		env[name] = &value
	}
	if t.spec.UseAPISocket {
		dir := SocketConfig
		env["DOCKER_CONFIG"] = &dir
	}
	maps.Copy(env, t.spec.Environment)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if value := env[name]; value != nil {
			list = append(list, name+"="+*value)
		} else {
			list = append(list, name)
		}
	}
	return list
}

func (t Translation) healthCheck() *container.HealthConfig {
	h := t.spec.HealthCheck
	if h == nil {
		return nil
	}
	if h.Disable {
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	c := &container.HealthConfig{
		Test:        h.Test,
		Interval:    duration(h.Interval),
		Timeout:     duration(h.Timeout),
		StartPeriod: duration(h.StartPeriod),
	}
	if t.atLeast("1.44") {
		c.StartInterval = duration(h.StartInterval)
	}
	if h.Retries != nil {
		c.Retries = int(min(*h.Retries, 1<<31-1))
	}
	return c
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// restartPolicy is the engine's part of the declared policy. Delay, window and
// a bounded "any" are no engine's business: whoever plans a supervisor for them
// overrides it.
func (t Translation) restartPolicy() (container.RestartPolicy, error) {
	if t.in.RestartPolicy != "" {
		p, err := RestartPolicy(t.in.RestartPolicy)
		if err != nil {
			return p, t.invalid("restart", err)
		}
		return p, nil
	}
	if t.in.OneOff {
		return container.RestartPolicy{Name: container.RestartPolicyDisabled}, nil
	}
	declared := t.in.Service.Restart
	p := container.RestartPolicy{Name: container.RestartPolicyMode(declared.Mode)}
	if p.IsNone() {
		p.Name = container.RestartPolicyDisabled
	}
	if p.IsOnFailure() {
		p.MaximumRetryCount = declared.MaxAttempts
	}
	return p, nil
}

// explicit reports whether the service sets a top-level attribute, for those
// whose zero means something else than their absence.
func (t Translation) explicit(attribute string) bool {
	return t.in.Project.Positions.Has("services", t.in.Service.Name, attribute)
}

// portRange reads N or N-M.
func portRange(s string) (first, last int, ok bool) {
	from, to, ranged := strings.Cut(s, "-")
	first, err := strconv.Atoi(from)
	if err != nil || first < 0 || first > 65535 {
		return 0, 0, false
	}
	if !ranged {
		return first, first, true
	}
	last, err = strconv.Atoi(to)
	return first, last, err == nil && last >= first && last <= 65535
}

// Seconds rounds up: half a second must not become an immediate kill.
func Seconds(grace *time.Duration) *int {
	if grace == nil {
		return nil
	}
	s := int((*grace + time.Second - 1) / time.Second)
	if *grace < 0 {
		s = -1 // wait without end
	}
	return &s
}

// RestartPolicy reads the engine's policies: no, always, unless-stopped,
// on-failure and on-failure:N.
func RestartPolicy(s string) (container.RestartPolicy, error) {
	name, count, counted := strings.Cut(s, ":")
	p := container.RestartPolicy{Name: container.RestartPolicyMode(name)}
	if counted {
		n, err := strconv.Atoi(count)
		if err != nil {
			return p, fmt.Errorf("%q is not a number of restarts", count)
		}
		p.MaximumRetryCount = n
	}
	if err := container.ValidateRestartPolicy(p); err != nil {
		return p, err
	}
	return p, nil
}
