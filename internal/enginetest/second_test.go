package enginetest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/enginetest"
	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/project"
)

// registrar is a second backend: networks and volumes that are entries of a
// list, and no containers at all. It is made of package engine alone.
type registrar struct {
	mu       sync.Mutex
	networks map[string]engine.Network // by name
	volumes  map[string]engine.Volume  // by name
}

func newRegistrar() *registrar {
	return &registrar{networks: map[string]engine.Network{}, volumes: map[string]engine.Volume{}}
}

// roles are what it declares.
func (r *registrar) roles() engine.Roles { return engine.Roles{Networks: r, Volumes: r, Info: r} }

func (r *registrar) ListNetworks(context.Context) ([]engine.Network, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	listed := sortedBy(r.networks)
	for i := range listed {
		listed[i].Labels = maps.Clone(listed[i].Labels)
	}
	return listed, nil
}

func (r *registrar) CreateNetwork(_ context.Context, n *project.Network, labels map[string]string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	have, ok := r.networks[n.Name]
	switch {
	case !ok:
		have = engine.Network{ID: "network of " + n.Name, Name: n.Name, Driver: "entry", Labels: maps.Clone(labels)}
		r.networks[n.Name] = have
	case !maps.Equal(have.Labels, labels):
		return "", fmt.Errorf("create network %s: it exists, of another owner: %w", n.Name, engine.ErrConflict)
	}
	return have.ID, nil
}

func (r *registrar) RemoveNetwork(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.networks, func(_ string, n engine.Network) bool { return n.ID == id || n.Name == id })
	return nil
}

// ConnectNetwork implements engine.Networks: there is no container to connect.
func (r *registrar) ConnectNetwork(_ context.Context, c engine.Ref, _ engine.EndpointSpec) error {
	return fmt.Errorf("connect %s: %w", c.Name, engine.ErrNotFound)
}

func (r *registrar) DisconnectNetwork(context.Context, engine.Ref, string) error { return nil }

func (r *registrar) ListVolumes(context.Context) ([]engine.Volume, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	listed := sortedBy(r.volumes)
	for i := range listed {
		listed[i].Labels = maps.Clone(listed[i].Labels)
	}
	return listed, nil
}

func (r *registrar) CreateVolume(_ context.Context, v *project.Volume, labels map[string]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.volumes[v.Name]; !ok {
		r.volumes[v.Name] = engine.Volume{Name: v.Name, Driver: "local", Labels: maps.Clone(labels)}
	}
	return nil
}

func (r *registrar) RemoveVolume(_ context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.volumes, name)
	return nil
}

func (r *registrar) Ping(context.Context) error { return nil }

func (r *registrar) Identity() engine.Identity {
	return engine.Identity{Host: "registrar://here", Local: true}
}

// Check implements engine.Info: an image that has to be built is more than it can do.
func (r *registrar) Check(_ context.Context, p *project.Project) ([]engine.Finding, error) {
	var found []engine.Finding
	for _, s := range p.Services {
		if s.Spec.Build != nil {
			found = append(found, engine.Finding{Pos: s.Pos, Text: "services." + s.Name + ".build: nothing is built here", Refuses: true})
		}
	}
	return found, nil
}

func sortedBy[T any](byName map[string]T) []T {
	var out []T
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[name])
	}
	return out
}

// TestSecondBackend: a backend that knows no Docker keeps the contract of what it
// declares. What it does not declare it says in words.
func TestSecondBackend(t *testing.T) {
	enginetest.Run(t, newRegistrar().roles(), enginetest.Fixture{Image: "none", Prefix: "second", Patience: patience.InMemory()})
	e := newRegistrar().roles().Engine()
	if err := e.PauseContainer(t.Context(), engine.Ref{Name: "web"}); err == nil || !strings.Contains(err.Error(), "pause container: not supported by this engine") {
		t.Errorf("pause = %v", err)
	}
}
