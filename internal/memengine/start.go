package memengine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/engine"
)

// startable does what can fail when a container starts: networks, ports, the
// program itself. code is the exit code that the engine records then.
func (e *core) startable(c *container, p *Program) (code int, err error) {
	for _, id := range c.joins {
		parent := e.containers[id]
		if parent == nil {
			return 128, fmt.Errorf("joining network namespace of container: No such container: %s", id)
		}
		if !parent.alive() {
			return 128, fmt.Errorf("cannot join network of a non running container: %s", id)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.endpoints)) {
		ep := c.endpoints[name]
		n, err := e.network(cmp.Or(ep.networkID, name))
		if err != nil {
			return 128, err
		}
		ep.networkID = n.id
		ep.address = n.newAddress()
	}
	if err := e.bindable(c); err != nil {
		return 128, err
	}
	if p != nil && p.FailStart != "" {
		return cmp.Or(p.FailCode, 128), errors.New(p.FailStart)
	}
	if len(c.command) > 0 && !c.has(c.command[0]) {
		return 127, fmt.Errorf("OCI runtime create failed: exec: %q: executable file not found in $PATH: unknown", c.command[0])
	}
	return 0, nil
}

// bindable checks that no running container publishes one of the ports.
func (e *core) bindable(c *container) error {
	for _, o := range e.sorted() {
		if o == c || !o.alive() {
			continue
		}
		for _, p := range c.ports {
			if slices.ContainsFunc(o.ports, func(q engine.Port) bool { return collide(p, q) }) {
				return fmt.Errorf("driver failed programming external connectivity on endpoint %s: Bind for %s:%d failed: port is already allocated",
					c.name, cmp.Or(p.HostIP, "0.0.0.0"), p.HostPort)
			}
		}
	}
	return nil
}

func collide(p, q engine.Port) bool {
	anywhere := func(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }
	return p.HostPort != 0 && p.HostPort == q.HostPort && p.Protocol == q.Protocol &&
		(p.HostIP == q.HostIP || anywhere(p.HostIP) || anywhere(q.HostIP))
}

// release gives back what only a running container holds.
func (c *container) release() {
	for _, ep := range c.endpoints {
		ep.address = ""
	}
}

// endProcess ends the container's process and probe without any consequence.
func (c *container) endProcess() {
	c.health.stop()
	if c.process != nil {
		c.process.kill()
		c.process = nil
	}
}

// stopTimers cancels what is due later.
func (c *container) stopTimers() {
	if c.manager != nil {
		c.manager.cancel()
	}
	if c.killer != nil {
		c.killer.Stop()
	}
}
