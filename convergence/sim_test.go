package convergence_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// sim is an engine reduced to what plans depend on: names, ports, networks,
// volumes and namespaces. Its rules are the real engine's, so that a plan which
// breaks one of them fails here.
type sim struct {
	have    engine.Observed
	strange []engine.Container  // of nobody's project
	joins   map[string][]string // IDs of the containers whose namespaces a container lives in
	anon    map[string]string   // anonymous volumes, by name, and the container they were made with
	specs   map[string]*project.Service
	unsure  map[string]bool // anonymous volumes that only the image could have declared
	made    int
}

func newSim() *sim {
	return &sim{
		have:  engine.Observed{Project: "demo"},
		joins: map[string][]string{}, anon: map[string]string{}, specs: map[string]*project.Service{}, unsure: map[string]bool{},
	}
}

// find returns the container that a ref means: by ID if it has one.
func (s *sim) find(r engine.Ref) (*engine.Container, error) {
	for i := range s.have.Containers {
		c := &s.have.Containers[i]
		if (r.ID != "" && c.ID == r.ID) || (r.ID == "" && c.Name == r.Name) {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no container %s", r.Name)
}

func (s *sim) named(name string) error {
	for _, c := range slices.Concat(s.have.Containers, s.strange) {
		if c.Name == name {
			return fmt.Errorf("the name %s is taken by %s", name, shortTestID(c.ID))
		}
	}
	return nil
}

func shortTestID(id string) string { return id[:min(12, len(id))] }

// do performs one action.
func (s *sim) do(a plan.Action) error {
	switch a := a.(type) {
	case plan.PullImage:
		s.image(a.Image)
	case plan.BuildImage:
		s.image(engine.ImageRef{Ref: a.Spec.Service.Image, Platform: a.Spec.Service.Platform})
	case plan.CreateNetwork:
		return s.createNetwork(a)
	case plan.RemoveNetwork:
		return s.removeNetwork(a)
	case plan.CreateVolume:
		return s.createVolume(a)
	case plan.RemoveVolume:
		return s.removeVolume(a)
	case plan.CreateContainer:
		return s.create(a.Spec)
	default:
		return s.onContainer(a)
	}
	return nil
}

func (s *sim) image(ref engine.ImageRef) {
	if _, ok := s.have.Image(ref); !ok {
		id := digest(ref.Ref + ref.Platform)
		s.have.Images = append(s.have.Images, engine.Image{Ref: ref.Ref, Wanted: ref.Platform, ID: id, Digest: id, LastTagged: now})
	}
}

func (s *sim) createNetwork(a plan.CreateNetwork) error {
	for _, n := range s.have.Networks {
		if n.Name == a.Network.Name {
			return fmt.Errorf("network %s exists", n.Name)
		}
	}
	s.made++
	s.have.Networks = append(s.have.Networks, engine.Network{ID: fmt.Sprintf("net%d", s.made), Name: a.Network.Name, Labels: a.Labels})
	return nil
}

func (s *sim) removeNetwork(a plan.RemoveNetwork) error {
	for _, c := range s.have.Containers {
		for _, n := range c.Networks {
			if n.NetworkID == a.ID && c.State == engine.Running {
				return fmt.Errorf("network %s has active endpoint %s", a.Name, c.Name)
			}
		}
	}
	s.have.Networks = slices.DeleteFunc(s.have.Networks, func(n engine.Network) bool { return n.ID == a.ID })
	return nil
}

func (s *sim) createVolume(a plan.CreateVolume) error {
	s.have.Volumes = append(s.have.Volumes, engine.Volume{Name: a.Volume.Name, Labels: a.Labels})
	return nil
}

func (s *sim) removeVolume(a plan.RemoveVolume) error {
	for _, c := range s.have.Containers {
		if mounted(c, a.Name) {
			return fmt.Errorf("volume %s is in use by %s", a.Name, c.Name)
		}
	}
	delete(s.anon, a.Name)
	s.have.Volumes = slices.DeleteFunc(s.have.Volumes, func(v engine.Volume) bool { return v.Name == a.Name })
	return nil
}

func mounted(c engine.Container, name string) bool {
	return slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return m.Name == name })
}

func (s *sim) create(spec engine.CreateSpec) error {
	if err := s.named(spec.Name); err != nil {
		return err
	}
	images, refs := spec.Open()
	for _, m := range images {
		if _, ok := s.have.Image(engine.ImageRef{Ref: m.Ref, Platform: m.Platform}); !ok {
			return fmt.Errorf("no image %s", m.Ref)
		}
	}
	ids := map[string]string{}
	for service, r := range refs {
		joined, err := s.find(r)
		if err != nil {
			return fmt.Errorf("join %s: %w", service, err)
		}
		ids[service] = joined.ID
	}
	spec, err := spec.Complete(s.have.Images, ids)
	if err != nil {
		return err
	}
	for _, in := range spec.Inherit {
		s.unsure[in.Volume] = s.unsure[in.Volume] || in.IfImageVolume
	}
	s.made++
	c := engine.Container{
		Ref: engine.Ref{ID: fmt.Sprintf("%03x%061x", s.made, s.made), Name: spec.Name}, Project: "demo", Service: spec.Service.Name,
		Number: spec.Number, Labels: spec.Labels, Image: spec.Service.Image, State: engine.Created,
	}
	if err := s.fill(&c, spec); err != nil {
		return err
	}
	s.specs[c.ID] = spec.Service
	s.have.Containers = append(s.have.Containers, c)
	return nil
}

// fill attaches and mounts what the service asks for.
func (s *sim) fill(c *engine.Container, spec engine.CreateSpec) error {
	p, svc := spec.Project, spec.Service
	for _, ns := range svc.Namespaces {
		id := spec.Refs[ns.Service].ID
		joined, err := s.find(engine.Ref{ID: id, Name: ns.Service})
		if err != nil {
			return fmt.Errorf("join %s: %w", ns.Service, err)
		}
		if ns.Attribute == "volumes_from" {
			for _, m := range joined.Mounts {
				if !slices.ContainsFunc(svc.Spec.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == m.Target }) {
					c.Mounts = append(c.Mounts, m)
				}
			}
		} else {
			s.joins[c.ID] = append(s.joins[c.ID], id)
		}
	}
	for _, key := range svc.Networks {
		if svc.Spec.NetworkMode != "" {
			break
		}
		i := slices.IndexFunc(s.have.Networks, func(n engine.Network) bool { return n.Name == p.Network(key).Name })
		if i < 0 {
			return fmt.Errorf("no network %s", key)
		}
		c.Networks = append(c.Networks, engine.Attachment{Network: s.have.Networks[i].Name, NetworkID: s.have.Networks[i].ID})
	}
	return s.mount(c, spec)
}

func (s *sim) mount(c *engine.Container, spec engine.CreateSpec) error {
	for i, v := range spec.Service.Spec.Volumes {
		if v.Source != "" {
			name := spec.Project.Volume(v.Source).Name
			if !slices.ContainsFunc(s.have.Volumes, func(o engine.Volume) bool { return o.Name == name }) {
				return fmt.Errorf("no volume %s", name)
			}
			c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: name, Target: v.Target})
			continue
		}
		name := anonymousName(c.ID, i)
		for _, in := range spec.Inherit {
			if in.Target == v.Target {
				name = in.Volume
			}
		}
		if _, inherited := s.anon[name]; !inherited && name != anonymousName(c.ID, i) {
			return fmt.Errorf("the inherited volume %s is lost", shortTestID(name))
		}
		if s.anon[name] == "" {
			s.anon[name] = c.ID
		}
		c.Mounts = append(c.Mounts, engine.Mount{Type: "volume", Name: name, Target: v.Target})
	}
	for _, p := range spec.Service.Spec.Ports {
		c.Ports = append(c.Ports, engine.Port{HostPort: mustAtoi(p.Published), Container: int(p.Target), Protocol: "tcp"})
	}
	return nil
}

func mustAtoi(s string) int {
	var n int
	fmt.Sscan(s, &n)
	return n
}

// onContainer performs the actions that need a container.
func (s *sim) onContainer(a plan.Action) error {
	switch a := a.(type) {
	case plan.Await:
		for _, r := range a.Targets {
			c, err := s.find(r)
			if err != nil {
				return err
			}
			if a.Condition == project.Healthy {
				c.Health = engine.HealthHealthy
			}
		}
		return nil
	case plan.CopyFiles:
		_, err := s.find(a.Target)
		return err
	case plan.RunProvider:
		return nil
	case plan.RunPreStart:
		if !slices.ContainsFunc(s.have.Images, func(m engine.Image) bool { return m.Ref == a.Spec.Service.Image }) {
			return fmt.Errorf("no image %s", a.Spec.Service.Image)
		}
		return s.in(a.Beside, "", nil)
	case plan.RunHook:
		return s.in(a.Target, engine.Running, nil)
	case plan.StartContainer:
		return s.start(a.Target)
	case plan.StopContainer:
		return s.in(a.Target, "", func(c *engine.Container) { c.State = engine.Exited })
	case plan.UnpauseContainer:
		return s.in(a.Target, engine.Paused, func(c *engine.Container) { c.State = engine.Running })
	case plan.RemoveContainer:
		return s.remove(a)
	case plan.RenameContainer:
		if err := s.named(a.Name); err != nil {
			return err
		}
		if c, err := s.find(a.Target); err == nil && c.State.HalfRemoved() {
			return fmt.Errorf("container %s is %s, and is renamed", c.Name, c.State)
		}
		return s.in(a.Target, "", func(c *engine.Container) { c.Name = a.Name })
	case plan.ConnectNetwork:
		return s.connect(a)
	case plan.DisconnectNetwork:
		return s.in(a.Target, "", func(c *engine.Container) {
			c.Networks = slices.DeleteFunc(c.Networks, func(n engine.Attachment) bool { return n.NetworkID == a.Network })
		})
	}
	return fmt.Errorf("what is %s?", a)
}

func (s *sim) in(r engine.Ref, state engine.State, do func(*engine.Container)) error {
	c, err := s.find(r)
	if err != nil {
		return err
	}
	if state != "" && c.State != state {
		return fmt.Errorf("container %s is %s, not %s", c.Name, c.State, state)
	}
	if do != nil {
		do(c)
	}
	return nil
}

func (s *sim) connect(a plan.ConnectNetwork) error {
	i := slices.IndexFunc(s.have.Networks, func(n engine.Network) bool { return n.Name == a.Endpoint.Network.Name })
	if i < 0 {
		return fmt.Errorf("no network %s", a.Endpoint.Network.Name)
	}
	n := s.have.Networks[i]
	return s.in(a.Target, "", func(c *engine.Container) {
		c.Networks = append(c.Networks, engine.Attachment{Network: n.Name, NetworkID: n.ID})
	})
}

// start fails as the engine does: a port that is taken, a network that is
// gone, a namespace whose owner does not run.
func (s *sim) start(r engine.Ref) error {
	c, err := s.find(r)
	if err != nil {
		return err
	}
	if c.State == engine.Running {
		return nil
	}
	if c.State.HalfRemoved() {
		return fmt.Errorf("container %s is %s, and is started", c.Name, c.State)
	}
	for _, o := range s.have.Containers {
		for _, p := range c.Ports {
			if o.ID != c.ID && (o.State == engine.Running || o.State == engine.Paused) && slices.ContainsFunc(o.Ports, func(q engine.Port) bool { return q.HostPort == p.HostPort }) {
				return fmt.Errorf("port %d of %s is taken by %s", p.HostPort, c.Name, o.Name)
			}
		}
	}
	for _, n := range c.Networks {
		if !slices.ContainsFunc(s.have.Networks, func(o engine.Network) bool { return o.ID == n.NetworkID }) {
			return fmt.Errorf("network %s of %s is gone", n.Network, c.Name)
		}
	}
	for _, id := range s.joins[c.ID] {
		if owner, err := s.find(engine.Ref{ID: id}); err != nil || owner.State != engine.Running {
			return fmt.Errorf("the namespace of %s has no running owner", c.Name)
		}
	}
	c.State = engine.Running
	return nil
}

func (s *sim) remove(a plan.RemoveContainer) error {
	c, err := s.find(a.Target)
	if err != nil {
		return err
	}
	gone := *c
	s.have.Containers = slices.DeleteFunc(s.have.Containers, func(o engine.Container) bool { return o.ID == gone.ID })
	for _, m := range gone.Mounts {
		inUse := slices.ContainsFunc(s.have.Containers, func(o engine.Container) bool { return mounted(o, m.Name) })
		if a.Volumes && s.anon[m.Name] == gone.ID && !inUse {
			delete(s.anon, m.Name)
		}
	}
	return nil
}

// temporary lists containers whose names an interrupted run would leave.
func (s *sim) temporary() []string {
	var names []string
	for _, c := range s.have.Containers {
		if _, ok := project.FinalName(c.Name); ok {
			names = append(names, c.Name)
		}
	}
	return names
}

// String is the state in words, for failures.
func (s *sim) String() string {
	var b strings.Builder
	for _, c := range s.have.Containers {
		fmt.Fprintf(&b, "%s %s %s %v\n", shortTestID(c.ID), c.Name, c.State, c.Networks)
	}
	return b.String()
}
