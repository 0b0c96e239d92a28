package memengine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// Seed puts an observed world into the engine as it stands: its containers in
// their states, with what they are attached to, its networks, volumes and
// images. Missing IDs are made up. Containers that are up run as their Program
// or, without one, until they are stopped.
func (e *Engine) Seed(o engine.Observed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range o.Images {
		e.tag(Image{Ref: m.Ref, ID: m.ID, Created: m.Created})
	}
	for _, n := range o.Networks {
		made := e.addNetwork(n.Name, n.Driver, n.Labels)
		if n.ID != "" {
			delete(e.networks, made.id)
			made.id = n.ID
			e.networks[n.ID] = made
		}
	}
	for _, v := range o.Volumes {
		e.ensureVolume(v.Name, false).Volume = v
	}
	for _, c := range o.Containers {
		e.seed(c)
	}
}

func (e *core) seed(o engine.Container) {
	c := &container{
		runLogs: map[int]int{},
		engine:  e, id: o.ID, name: o.Name, labels: maps.Clone(o.Labels), service: o.Service, image: o.Image,
		imageID: o.ImageID, created: o.Created, policy: "no", grace: defaultGrace, logDriver: "json-file",
		endpoints: map[string]*endpoint{}, files: map[string]*file{}, ports: slices.Clone(o.Ports),
		state: engine.Created, exitCode: o.ExitCode,
	}
	if id := e.newID("container"); c.id == "" {
		c.id = id
	}
	c.serial = e.serial
	if c.created.IsZero() {
		c.created = time.Now()
	}
	for _, a := range o.Networks {
		ep := &endpoint{networkID: a.NetworkID, aliases: []string{o.Service, o.Name}}
		if n, err := e.network(a.Network); err == nil && ep.networkID == "" && o.State != engine.Created {
			ep.networkID = n.id
		}
		c.endpoints[a.Network] = ep
	}
	for _, m := range o.Mounts {
		anonymous := m.Type == "volume" && len(m.Name) == 64
		if m.Type == "volume" {
			e.ensureVolume(m.Name, anonymous)
		}
		c.mounts = append(c.mounts, mount{m, anonymous})
	}
	e.containers[c.id] = c
	c.reach(o.State, o.Health)
}

// reach brings a seeded container into a state without telling anybody.
func (c *container) reach(state engine.State, verdict engine.Health) {
	if state == engine.Created || state == "" {
		return
	}
	c.state, c.starts, c.attempts, c.startedAt, c.upStamp = state, 1, 1, time.Now(), c.engine.stamp()
	c.manager = &manager{}
	if !c.alive() {
		c.finishedAt = c.engine.stamp()
		return
	}
	c.engine.serial++
	c.pid = 1000 + c.engine.serial
	for _, ep := range c.endpoints {
		if n := c.engine.networks[ep.networkID]; n != nil {
			ep.address = n.newAddress()
		}
	}
	c.spawn(c.engine.program(c))
	if c.health.status = verdict; verdict != engine.HealthNone && c.check == nil {
		c.check = &engine.HealthCheck{Test: []string{"CMD", "true"}}
	}
}

// Crash ends a container's process as an error of its own does. An exit code
// of 137 or 139 stands for a kill from outside the engine.
func (e *Engine) Crash(name string, code int) error { return e.die(name, code, false) }

// OOM ends a container's process as the kernel does when memory runs out.
func (e *Engine) OOM(name string) error { return e.die(name, 137, true) }

func (e *Engine) die(name string, code int, oom bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return err
	}
	if !c.alive() {
		return fmt.Errorf("container %s is %s: %w", c.name, c.state, engine.ErrConflict)
	}
	c.oom = oom
	if c.state == engine.Paused {
		c.state = engine.Running
	}
	c.process.Exit(code)
	return nil
}

// AutoRemove makes the engine remove the container after its last exit, as
// another tool's --rm does.
func (e *Engine) AutoRemove(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err == nil {
		c.autoRemove, c.policy = true, "no"
	}
	return err
}

// Starts is how often the container with that name or ID came up; zero if
// there is none.
func (e *Engine) Starts(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return 0
	}
	return c.starts
}

// Snapshot is the state as text, the same bytes for the same history of calls:
// a line for every container, network and volume, sorted, without
// IDs and times. Anonymous volumes are counted, not named.
func (e *Engine) Snapshot() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	for _, c := range e.sorted() {
		lines = append(lines, c.line())
	}
	for _, n := range e.networks {
		lines = append(lines, fmt.Sprintf("network %s", n.name))
	}
	anonymous := 0
	for _, v := range e.volumes {
		if v.anonymous {
			anonymous++
			continue
		}
		lines = append(lines, fmt.Sprintf("volume %s", v.Name))
	}
	if anonymous > 0 {
		lines = append(lines, fmt.Sprintf("volumes without a name: %d", anonymous))
	}
	slices.Sort(lines)
	return strings.Join(append(lines, ""), "\n")
}

func (c *container) line() string {
	s := fmt.Sprintf("container %s %s image=%s", c.name, c.state, c.image)
	if c.state == engine.Exited {
		s += fmt.Sprintf(" code=%d", c.exitCode)
	}
	if c.alive() && c.health.status != engine.HealthNone {
		s += " " + string(c.health.status)
	}
	if len(c.endpoints) > 0 {
		s += " networks=" + strings.Join(slices.Sorted(maps.Keys(c.endpoints)), ",")
	}
	var mounts []string
	for _, m := range c.mounts {
		switch {
		case m.anonymous:
			mounts = append(mounts, m.Target)
		case m.Name != "":
			mounts = append(mounts, m.Name+":"+m.Target)
		default:
			mounts = append(mounts, m.Source+":"+m.Target)
		}
	}
	if slices.Sort(mounts); len(mounts) > 0 {
		s += " mounts=" + strings.Join(mounts, ",")
	}
	return s
}
