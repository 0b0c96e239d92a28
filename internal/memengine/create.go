package memengine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

var validName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CreateContainer implements engine.Containers.
func (e *Engine) CreateContainer(ctx context.Context, spec engine.CreateSpec) (engine.CreateResult, error) {
	var result engine.CreateResult
	err := e.call(ctx, Call{Method: "CreateContainer", Target: spec.Name, Detail: spec.Service.Image}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := e.create(spec)
		if err == nil {
			result.ID = c.id
		}
		return err
	})
	return result, err
}

func (e *core) create(spec engine.CreateSpec) (*container, error) {
	if !validName.MatchString(spec.Name) {
		return nil, fmt.Errorf("invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", spec.Name)
	}
	if err := e.nameFree(spec.Name); err != nil {
		return nil, err
	}
	image := e.images[normal(spec.Service.Image)]
	if spec.Service.SharesTag && spec.ImageID != "" {
		image = e.imageByID(spec.ImageID)
	}
	if image == nil || !image.fits(spec.Service.Platform) {
		return nil, fmt.Errorf("no such image: %s: %w", spec.Service.Image, engine.ErrNotFound)
	}
	policy, err := checkPolicy(cmp.Or(spec.RestartPolicy, enginePolicy(spec.Service)))
	if err != nil {
		return nil, err
	}
	c := newContainer(e, spec, image)
	c.policy = policy
	if err := e.join(c, spec); err != nil {
		return nil, err
	}
	if err := e.attach(c, spec); err != nil {
		return nil, err
	}
	if err := e.mount(c, spec, image); err != nil {
		return nil, err
	}
	if c.ports, err = hostPorts(spec.Service.Spec.Ports); err != nil {
		return nil, err
	}
	e.containers[c.id] = c
	e.emit(c, "create", nil)
	e.touch()
	return c, nil
}

// enginePolicy is the service's policy as far as the engine can enforce it.
func enginePolicy(s *project.Service) string {
	p := s.Restart
	if p.Mode == "on-failure" && p.MaxAttempts > 0 {
		return "on-failure:" + strconv.Itoa(p.MaxAttempts)
	}
	return string(p.Mode)
}

func (e *core) nameFree(name string) error {
	for _, c := range e.sorted() {
		if c.name == name {
			return fmt.Errorf("the container name %q is already in use by container %q: %w", "/"+name, c.id, engine.ErrConflict)
		}
	}
	return nil
}

func newContainer(e *core, spec engine.CreateSpec, image *Image) *container {
	s := spec.Service.Spec
	c := &container{
		runLogs: map[int]int{},
		engine:  e, id: e.newID("container"), name: spec.Name,
		labels: maps.Clone(spec.Labels), service: spec.Service.Name, image: spec.Service.Image, imageID: image.ID,
		command: commandOf(s, image), created: time.Now(), stopSignal: signalName(cmp.Or(s.StopSignal, image.StopSignal)),
		grace: defaultGrace, tty: s.Tty, readOnly: s.ReadOnly, init: s.Init != nil && *s.Init,
		imageVols: slices.Sorted(slices.Values(image.Volumes)), programs: image.Programs,
		logDriver: "json-file", endpoints: map[string]*endpoint{}, files: map[string]*file{},
		state: engine.Created, netMode: s.NetworkMode,
	}
	c.serial = e.serial
	c.autoRemove, c.user, c.dir = spec.AutoRemove, s.User, s.WorkingDir
	if s.StdinOpen {
		c.stdin = &input{}
	}
	if spec.Service.Grace != nil {
		c.grace = *spec.Service.Grace
	}
	c.env = slices.Clone(image.Env)
	for _, k := range slices.Sorted(maps.Keys(s.Environment)) {
		if v := s.Environment[k]; v != nil {
			c.env = append(c.env, k+"="+*v)
		}
	}
	if s.Logging != nil && s.Logging.Driver != "" {
		c.logDriver = s.Logging.Driver
	}
	c.check = effectiveCheck(s.HealthCheck, image.HealthCheck)
	return c
}

func commandOf(s types.ServiceConfig, image *Image) []string {
	entrypoint, command := image.Entrypoint, image.Command
	if s.Entrypoint != nil {
		entrypoint, command = s.Entrypoint, nil
	}
	if s.Command != nil {
		command = s.Command
	}
	return append(slices.Clone(entrypoint), command...)
}

// effectiveCheck is the service's check over the image's.
func effectiveCheck(h *types.HealthCheckConfig, image *engine.HealthCheck) *engine.HealthCheck {
	if h == nil {
		return image
	}
	if h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE" {
		return nil
	}
	var check engine.HealthCheck
	if image != nil {
		check = *image
	}
	if len(h.Test) > 0 {
		check.Test = slices.Clone(h.Test)
	}
	for _, d := range []struct {
		from *types.Duration
		to   *time.Duration
	}{{h.Interval, &check.Interval}, {h.Timeout, &check.Timeout}, {h.StartPeriod, &check.StartPeriod}} {
		if d.from != nil {
			*d.to = time.Duration(*d.from)
		}
	}
	if h.Retries != nil {
		check.Retries = int(*h.Retries)
	}
	if len(check.Test) < 2 {
		return nil
	}
	return &check
}

// join resolves network_mode: service:x and container:x.
func (e *core) join(c *container, spec engine.CreateSpec) error {
	mode := spec.Service.Spec.NetworkMode
	key, other := strings.CutPrefix(mode, types.ContainerPrefix)
	if service, ok := strings.CutPrefix(mode, types.ServicePrefix); ok {
		key, other = spec.Refs[service].Key(), true
	}
	if !other {
		return nil
	}
	parent, err := e.find(key)
	if err != nil {
		return err
	}
	c.joins, c.netMode = []string{parent.id}, types.ContainerPrefix+parent.id
	return nil
}

// attach makes the endpoints on the service's networks.
func (e *core) attach(c *container, spec engine.CreateSpec) error {
	if spec.Service.Spec.NetworkMode != "" {
		return nil
	}
	for _, key := range spec.Service.Networks {
		n := spec.Project.Network(key)
		if n == nil {
			return fmt.Errorf("service %s: undefined network %s", spec.Service.Name, key)
		}
		if _, err := e.network(n.Name); errors.Is(err, engine.ErrNotFound) {
			return err
		}
		names := aliases(c, engine.EndpointSpec{Service: spec.Service, Network: n, Container: spec.Name})
		if spec.OneOff && !spec.UseAliases {
			names = []string{spec.Name, c.id[:12]}
		}
		c.endpoints[n.Name] = &endpoint{aliases: names}
	}
	if len(c.endpoints) > 0 {
		first := spec.Project.Network(spec.Service.Networks[0])
		c.netMode = first.Name
	}
	return nil
}

// aliases are the names that an endpoint answers to.
func aliases(c *container, e engine.EndpointSpec) []string {
	names := []string{e.Service.Name, e.Container, c.id[:12]}
	if cfg := e.Service.Spec.Networks[e.Network.Key]; cfg != nil {
		names = append(names, cfg.Aliases...)
	}
	return names
}

// hostPorts are the container's ports; a range is published at its first port.
func hostPorts(from []types.ServicePortConfig) ([]engine.Port, error) {
	var ports []engine.Port
	for _, p := range from {
		host := 0
		if p.Published != "" {
			first, _, _ := strings.Cut(p.Published, "-")
			var err error
			if host, err = strconv.Atoi(first); err != nil {
				return nil, fmt.Errorf("invalid published port %q: %w", p.Published, err)
			}
		}
		ports = append(ports, engine.Port{
			HostIP: p.HostIP, HostPort: host, Container: int(p.Target), Protocol: cmp.Or(p.Protocol, "tcp"),
		})
	}
	slices.SortFunc(ports, func(a, b engine.Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostPort, b.HostPort), cmp.Compare(a.HostIP, b.HostIP))
	})
	return ports, nil
}
