package memengine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

type network struct {
	serial   int
	id, name string
	labels   map[string]string
	driver   string
	subnet   int
	last     int // address given last
}

func (n *network) newAddress() string {
	n.last++
	return fmt.Sprintf("10.%d.%d.%d", n.subnet, (n.last+1)/250, (n.last+1)%250+1)
}

// network is the network with that name or ID.
func (e *core) network(key string) (*network, error) {
	if n := e.networks[key]; n != nil {
		return n, nil
	}
	var found *network
	matches := 0
	for _, n := range e.networks {
		if n.name == key {
			found = n
			matches++
		}
	}
	switch matches {
	case 0:
		return nil, fmt.Errorf("network %s not found: %w", key, engine.ErrNotFound)
	case 1:
		return found, nil
	}
	return nil, fmt.Errorf("network %s is ambiguous (%d matches found on name)", key, matches)
}

// DuplicateNetwork makes a second network of the same name and labels, as two
// callers that create it at the same moment may. It fails if there is none of
// that name.
func (e *Engine) DuplicateNetwork(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.network(name)
	if err != nil {
		return err
	}
	e.addNetwork(n.name, n.driver, n.labels)
	return nil
}

// ListNetworks implements engine.Networks.
func (e *Engine) ListNetworks(ctx context.Context) ([]engine.Network, error) {
	var o engine.Observed
	err := e.call(ctx, Call{Method: "ListNetworks"}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, n := range e.networks {
			o.Networks = append(o.Networks, engine.Network{ID: n.id, Name: n.name, Labels: maps.Clone(n.labels), Driver: n.driver})
		}
		return nil
	})
	o.Sort()
	return o.Networks, err
}

// CreateNetwork implements engine.Networks.
func (e *Engine) CreateNetwork(ctx context.Context, n *project.Network, labels map[string]string) (string, error) {
	id := ""
	err := e.call(ctx, Call{Method: "CreateNetwork", Target: n.Name}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		old, err := e.network(n.Name)
		switch {
		case err != nil && !errors.Is(err, engine.ErrNotFound):
			return err
		case err == nil:
			if !maps.Equal(old.labels, labels) {
				return fmt.Errorf("network with name %s already exists: %w", n.Name, engine.ErrConflict)
			}
			id = old.id
			return nil
		}
		id = e.addNetwork(n.Name, cmp.Or(n.Spec.Driver, "bridge"), labels).id
		return nil
	})
	return id, err
}

func (e *core) addNetwork(name, driver string, labels map[string]string) *network {
	n := &network{id: e.newID("network"), name: name, driver: driver, labels: maps.Clone(labels)}
	n.serial, n.subnet = e.serial, e.serial%256
	e.networks[n.id] = n
	e.touch()
	return n
}

// RemoveNetwork implements engine.Networks.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	return e.call(ctx, Call{Method: "RemoveNetwork", Target: e.networkName(id)}, func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		n, err := e.network(id)
		switch {
		case errors.Is(err, engine.ErrNotFound):
			return nil // gone is what was asked for
		case err != nil:
			return err
		}
		for _, c := range e.sorted() {
			if ep := c.endpoints[n.name]; ep != nil && ep.networkID == n.id && c.alive() {
				return fmt.Errorf("remove network %s: network has active endpoints: %w", n.name, engine.ErrConflict)
			}
		}
		delete(e.networks, n.id)
		e.touch()
		return nil
	})
}

func (e *core) networkName(key string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n, err := e.network(key); err == nil {
		return n.name
	}
	return key
}

// ConnectNetwork implements engine.Networks.
func (e *Engine) ConnectNetwork(ctx context.Context, ref engine.Ref, spec engine.EndpointSpec) error {
	return e.on(ctx, "ConnectNetwork", ref, spec.Network.Name, func(c *container) error {
		n, err := e.network(spec.Network.Name)
		if err != nil {
			return err
		}
		if len(c.joins) > 0 {
			return fmt.Errorf("connect %s to %s: container shares another's network: %w", c.name, n.name, engine.ErrConflict)
		}
		if ep := c.endpoints[n.name]; ep != nil && (ep.networkID == "" || ep.networkID == n.id) {
			return nil
		}
		ep := &endpoint{aliases: aliases(c, spec)}
		if c.alive() {
			ep.networkID, ep.address = n.id, n.newAddress()
		}
		c.endpoints[n.name] = ep
		e.touch()
		return nil
	})
}

// DisconnectNetwork implements engine.Networks.
func (e *Engine) DisconnectNetwork(ctx context.Context, ref engine.Ref, key string) error {
	return e.on(ctx, "DisconnectNetwork", ref, e.networkName(key), func(c *container) error {
		n := e.networks[key]
		for _, name := range slices.Sorted(maps.Keys(c.endpoints)) {
			ep := c.endpoints[name]
			if name == key || ep.networkID == key || n != nil && ep.networkID == "" && name == n.name {
				delete(c.endpoints, name)
			}
		}
		e.touch()
		return nil
	})
}
