package enginetest

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
)

func networkTests() []test {
	return []test{
		{"a network is made once", (*harness).testNetwork, networks},
		{"a network is removed by its name, and once more", (*harness).testNetworkByName, networks},
		{"networks are listed in their order", (*harness).testNetworkOrder, networks},
		{"the labels of a network are copied", (*harness).testNetworkLabels, networks},
		{"names and aliases resolve on a shared network", (*harness).testAliases, containers | networks | inside},
		{"containers are connected and disconnected", (*harness).testConnect, containers | networks | inside},
		{"a network in use is a conflict", (*harness).testNetworkInUse, containers | networks},
		{"a container cannot start without its network", (*harness).testNetworkGone, containers | networks | inside},
		{"a missing network is not found", (*harness).testMissingNetwork, containers | networks},
		{"a host port has one owner", (*harness).testPort, containers | networks},
		{"a shared namespace needs its owner", (*harness).testNamespace, containers | networks},
	}
}

// joined puts a service on networks.
func joined(keys ...string) func(*types.ServiceConfig) {
	return func(c *types.ServiceConfig) {
		c.NetworkMode, c.Networks = "", map[string]*types.ServiceNetworkConfig{}
		for _, key := range keys {
			c.Networks[key] = nil
		}
	}
}

func (h *harness) networkByID(id string) (engine.Network, bool) {
	h.Helper()
	ns, err := h.ListNetworks(h.Context())
	h.must(err)
	i := slices.IndexFunc(ns, func(n engine.Network) bool { return n.ID == id })
	if i < 0 {
		return engine.Network{}, false
	}
	return ns[i], true
}

func (h *harness) testNetwork() {
	id := h.network("back")
	n, ok := h.networkByID(id)
	if !ok || n.Name != h.name+"_back" || n.Labels["com.docker.compose.project"] != h.name || n.Driver == "" {
		h.Errorf("network = %+v, want %s_back with its labels and a driver", n, h.name)
	}
	if again := h.network("back"); again != id {
		h.Errorf("made a second network %s beside %s", again, id)
	}
	_, err := h.CreateNetwork(h.Context(), h.project().Network("back"), map[string]string{"else": "where"})
	if !errors.Is(err, engine.ErrConflict) {
		h.Errorf("network of another owner = %v, want a conflict", err)
	}
	h.must(h.RemoveNetwork(h.Context(), id))
	if _, still := h.networkByID(id); still {
		h.Error("the removed network is still listed")
	}
}

func (h *harness) testNetworkByName() {
	id := h.network("back")
	other := h.network("front")
	h.must(h.RemoveNetwork(h.Context(), h.name+"_back"))
	if _, still := h.networkByID(id); still {
		h.Error("the removed network is still listed")
	}
	h.must(h.RemoveNetwork(h.Context(), h.name+"_back"))
	h.must(h.RemoveNetwork(h.Context(), id))
	if _, there := h.networkByID(other); !there {
		h.Error("another network went with it")
	}
}

func (h *harness) testNetworkOrder() {
	for _, key := range []string{"m", "z", "a"} {
		h.network(key)
	}
	have, err := h.ListNetworks(h.Context())
	h.must(err)
	sorted := engine.Observed{Networks: slices.Clone(have)}
	sorted.Sort()
	for i, n := range sorted.Networks {
		if have[i].ID != n.ID {
			h.Fatalf("network %d is %s, want %s", i, have[i].Name, n.Name)
		}
	}
}

func (h *harness) testNetworkLabels() {
	labels := h.labels(map[string]string{"kind": "test"})
	h.compose.Networks["back"] = types.NetworkConfig{Name: h.name + "_back"}
	id, err := h.CreateNetwork(h.Context(), h.project().Network("back"), labels)
	h.must(err)
	labels["kind"] = "changed by its owner"
	n, _ := h.networkByID(id)
	if n.Labels["kind"] != "test" {
		h.Errorf("labels = %v, want those of its creation", n.Labels)
	}
	n.Labels["kind"] = "changed by a reader"
	if n, _ = h.networkByID(id); n.Labels["kind"] != "test" {
		h.Errorf("labels = %v, want those of its creation", n.Labels)
	}
}

func (h *harness) testAliases() {
	id := h.network("back")
	h.service("web", obedient, func(c *types.ServiceConfig) {
		joined("back")(c)
		c.Networks["back"] = &types.ServiceNetworkConfig{Aliases: []string{"shop"}}
	})
	web := h.create("web")
	if l, _ := h.listed(web); len(l.Networks) != 1 || l.Networks[0].Network != h.name+"_back" {
		h.Errorf("networks of the created container = %+v", l.Networks)
	}
	h.must(h.StartContainer(h.Context(), web))
	if l, _ := h.listed(web); len(l.Networks) != 1 || l.Networks[0].NetworkID != id || l.Networks[0].Address == "" {
		h.Errorf("networks of the running container = %+v, want %s with an address", l.Networks, id)
	}
	client := h.up("client", obedient, joined("back"))
	for _, name := range []string{"web", "shop", web.Name} {
		h.resolves(client, name, true)
	}
	h.resolves(client, "nobody", false)
}

// resolves checks whether a name is known inside the container.
func (h *harness) resolves(c engine.Ref, name string, want bool) {
	h.Helper()
	r := h.exec(c, "ping -c 1 -w 3 "+name)
	if got := r.ExitCode == 0; got != want {
		h.Errorf("%s resolves: %v, want %v: %s", name, got, want, r.Output)
	}
}

func (h *harness) testConnect() {
	h.network("back")
	front := h.network("front")
	web := h.up("web", obedient, joined("back"))
	client := h.up("client", obedient, joined("front"))
	h.resolves(client, "web", false)
	p := h.project()
	endpoint := engine.EndpointSpec{Project: p, Service: p.Service("web"), Network: p.Network("front"), Container: web.Name}
	endpoint.Service.Spec.Networks["front"] = &types.ServiceNetworkConfig{Aliases: []string{"shop"}}
	h.must(h.ConnectNetwork(h.Context(), web, endpoint))
	h.must(h.ConnectNetwork(h.Context(), web, endpoint))
	for _, name := range []string{"web", "shop"} {
		h.resolves(client, name, true)
	}
	if l, _ := h.listed(web); len(l.Networks) != 2 || l.Networks[1].NetworkID != front {
		h.Errorf("networks = %+v, want two", l.Networks)
	}
	h.must(h.DisconnectNetwork(h.Context(), web, front))
	h.must(h.DisconnectNetwork(h.Context(), web, front))
	h.resolves(client, "shop", false)
	if l, _ := h.listed(web); len(l.Networks) != 1 {
		h.Errorf("networks after disconnect = %+v, want one", l.Networks)
	}
}

func (h *harness) testNetworkInUse() {
	id := h.network("back")
	c := h.up("web", obedient, joined("back"))
	if err := h.RemoveNetwork(h.Context(), id); !errors.Is(err, engine.ErrConflict) {
		h.Errorf("remove = %v, want a conflict", err)
	}
	h.must(h.RemoveContainer(h.Context(), c, false))
	h.must(h.RemoveNetwork(h.Context(), id))
}

func (h *harness) testNetworkGone() {
	id := h.network("back")
	c := h.run("web", obedient, joined("back"))
	h.must(h.StopContainer(h.Context(), c, nil))
	h.must(h.RemoveNetwork(h.Context(), id)) // a stopped container does not use it
	if err := h.StartContainer(h.Context(), c); err == nil {
		h.Error("start = nil although the network is gone")
	}
	if got := h.inspect(c); got.State != engine.Exited || got.Error == "" {
		h.Errorf("%s, error %q, want exited with the reason", got.State, got.Error)
	}
}

func (h *harness) testMissingNetwork() {
	h.compose.Networks["back"] = types.NetworkConfig{Name: h.name + "_back"}
	h.service("web", obedient, joined("back"))
	r, err := h.CreateContainer(h.Context(), h.spec("web"))
	if err == nil { // some engines notice at start only
		err = h.StartContainer(h.Context(), engine.Ref{ID: r.ID, Name: h.spec("web").Name})
	}
	if !errors.Is(err, engine.ErrNotFound) {
		h.Errorf("create and start = %v, want not found", err)
	}
}

func (h *harness) testPort() {
	h.network("back")
	publish := func(c *types.ServiceConfig) {
		joined("back")(c)
		c.Ports = []types.ServicePortConfig{{Target: 80, Published: strconv.Itoa(h.fx.Port), Protocol: "tcp", Mode: "ingress"}}
	}
	first := h.up("first", obedient, publish)
	l, _ := h.listed(first)
	if i := slices.IndexFunc(l.Ports, func(p engine.Port) bool { return p.HostPort == h.fx.Port }); i < 0 || l.Ports[i].Container != 80 || l.Ports[i].Protocol != "tcp" {
		h.Errorf("ports = %+v, want %d to 80", l.Ports, h.fx.Port)
	}
	h.service("second", obedient, publish)
	second := h.create("second")
	if err := h.StartContainer(h.Context(), second); err == nil || !strings.Contains(err.Error(), strconv.Itoa(h.fx.Port)) {
		h.Errorf("start = %v, want an error that names port %d", err, h.fx.Port)
	}
	if got := h.inspect(second); got.State != engine.Created || got.Error == "" {
		h.Errorf("%s, error %q, want created with the reason", got.State, got.Error)
	}
}

func (h *harness) testNamespace() {
	h.network("back")
	h.service("web", obedient, joined("back"))
	web := h.create("web")
	h.service("side", obedient, func(c *types.ServiceConfig) { c.NetworkMode = "service:web" })
	spec := h.spec("side")
	spec.Refs = map[string]engine.Ref{"web": web}
	r, err := h.CreateContainer(h.Context(), spec)
	h.must(err)
	side := engine.Ref{ID: r.ID, Name: spec.Name}
	if err := h.StartContainer(h.Context(), side); err == nil {
		h.Error("start = nil although the owner of the namespace does not run")
	}
	h.must(h.StartContainer(h.Context(), web))
	h.must(h.StartContainer(h.Context(), side))
	if got := h.inspect(side).NetworkMode; got != "container:"+web.ID {
		h.Errorf("network mode = %q, want container:%s", got, web.ID)
	}
}
