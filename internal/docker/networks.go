package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker/request"
	"github.com/musterdev/muster/project"
)

// ListNetworks implements engine.Networks.
func (e *Engine) ListNetworks(ctx context.Context) ([]engine.Network, error) {
	summaries, err := call(ctx, e, read(), "list networks", func(ctx context.Context, c *client.Client) ([]network.Summary, error) {
		return c.NetworkList(ctx, network.ListOptions{})
	})
	if err != nil {
		return nil, err
	}
	o := engine.Observed{Networks: make([]engine.Network, len(summaries))}
	for i, n := range summaries {
		o.Networks[i] = engine.Network{ID: n.ID, Name: n.Name, Labels: n.Labels, Driver: n.Driver}
	}
	o.Sort()
	return o.Networks, nil
}

// CreateNetwork implements engine.Networks. If the name is taken, or the
// answer was lost, a network of that name, project and definition is adopted.
func (e *Engine) CreateNetwork(ctx context.Context, n *project.Network, labels map[string]string) (string, error) {
	verb := "create network " + n.Name
	opt := request.Network(n, labels)
	answer, err := call(ctx, e, change(), verb, func(ctx context.Context, c *client.Client) (network.CreateResponse, error) {
		return c.NetworkCreate(ctx, n.Name, opt)
	})
	if err == nil {
		return answer.ID, nil
	}
	if !errors.Is(err, engine.ErrConflict) && !dropped(err) {
		return "", err
	}
	// Inspecting by name would also match the beginning of an ID.
	existing, lookErr := e.ListNetworks(ctx)
	if lookErr != nil {
		return "", err
	}
	for _, x := range existing {
		if x.Name != n.Name {
			continue
		}
		if sameDefinition(x.Labels, labels) {
			return x.ID, nil
		}
		return "", &callError{verb, "the name is taken by a network of another project or definition", engine.ErrConflict, err}
	}
	return "", err
}

// sameDefinition reports whether the labels that identify an object agree.
func sameDefinition(have, want map[string]string) bool {
	for _, l := range []string{project.LabelProject, project.LabelNetwork, project.LabelVolume, project.LabelConfigHash} {
		if have[l] != want[l] {
			return false
		}
	}
	return true
}

// RemoveNetwork implements engine.Networks. A network in use wraps
// engine.ErrConflict.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	verb := "remove network " + id
	err := e.do(ctx, change(), verb, func(ctx context.Context, c *client.Client) error {
		return c.NetworkRemove(ctx, id)
	})
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return nil
	case err != nil && strings.Contains(err.Error(), "active endpoints"):
		// Engines differ in the status: 403 or 409.
		return &callError{verb, "it is still in use", engine.ErrConflict, err}
	}
	return err
}

// ConnectNetwork implements engine.Networks.
func (e *Engine) ConnectNetwork(ctx context.Context, c engine.Ref, spec engine.EndpointSpec) error {
	d, err := e.connected(ctx)
	if err != nil {
		return err
	}
	settings, err := request.Endpoint(spec, d.ClientVersion())
	if err != nil {
		return fmt.Errorf("connect %s: services.%s.mac_address: %w", c.Name, spec.Service.Name, err)
	}
	return e.connect(ctx, c, spec.Network.Name, settings)
}

func (e *Engine) connect(ctx context.Context, c engine.Ref, name string, settings *network.EndpointSettings) error {
	verb := "connect " + c.Name + " to network " + name
	err := e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error {
		return d.NetworkConnect(ctx, name, c.Key(), settings)
	})
	if err != nil && strings.Contains(err.Error(), "already exists in network") {
		return nil // engines answer 403 to a container that is attached
	}
	return err
}

// DisconnectNetwork implements engine.Networks, by force: a container that
// cannot let go of its endpoint loses it all the same.
func (e *Engine) DisconnectNetwork(ctx context.Context, c engine.Ref, name string) error {
	verb := "disconnect " + c.Name + " from network " + name
	err := e.do(ctx, change(), verb, func(ctx context.Context, d *client.Client) error {
		return d.NetworkDisconnect(ctx, name, c.Key(), true)
	})
	if err != nil && strings.Contains(err.Error(), "is not connected to") {
		return nil
	}
	return err
}
