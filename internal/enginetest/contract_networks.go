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
		{"a network is made once", (*stage).testNetwork, networks},
		{"a network is removed by its name, and once more", (*stage).testNetworkByName, networks},
		{"networks are listed in their order", (*stage).testNetworkOrder, networks},
		{"the labels of a network are copied", (*stage).testNetworkLabels, networks},
		{"names and aliases resolve on a shared network", (*stage).testAliases, containers | networks | inside},
		{"containers are connected and disconnected", (*stage).testConnect, containers | networks | inside},
		{"a network in use is a conflict", (*stage).testNetworkInUse, containers | networks},
		{"a container cannot start without its network", (*stage).testNetworkGone, containers | networks | inside},
		{"a missing network is not found", (*stage).testMissingNetwork, containers | networks},
		{"a host port has one owner", (*stage).testPort, containers | networks},
		{"a shared namespace needs its owner", (*stage).testNamespace, containers | networks},
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

func (s *stage) networkByID(id string) (engine.Network, bool) {
	s.Helper()
	ns, err := s.ListNetworks(s.Context())
	s.must(err)
	i := slices.IndexFunc(ns, func(n engine.Network) bool { return n.ID == id })
	if i < 0 {
		return engine.Network{}, false
	}
	return ns[i], true
}

func (s *stage) testNetwork() {
	id := s.network("back")
	n, ok := s.networkByID(id)
	if !ok || n.Name != s.name+"_back" || n.Labels["com.docker.compose.project"] != s.name || n.Driver == "" {
		s.Errorf("network = %+v, want %s_back with its labels and a driver", n, s.name)
	}
	if again := s.network("back"); again != id {
		s.Errorf("made a second network %s beside %s", again, id)
	}
	_, err := s.CreateNetwork(s.Context(), s.project().Network("back"), map[string]string{"else": "where"})
	if !errors.Is(err, engine.ErrConflict) {
		s.Errorf("network of another owner = %v, want a conflict", err)
	}
	s.must(s.RemoveNetwork(s.Context(), id))
	if _, still := s.networkByID(id); still {
		s.Error("the removed network is still listed")
	}
}

func (s *stage) testNetworkByName() {
	id := s.network("back")
	other := s.network("front")
	s.must(s.RemoveNetwork(s.Context(), s.name+"_back"))
	if _, still := s.networkByID(id); still {
		s.Error("the removed network is still listed")
	}
	s.must(s.RemoveNetwork(s.Context(), s.name+"_back"))
	s.must(s.RemoveNetwork(s.Context(), id))
	if _, there := s.networkByID(other); !there {
		s.Error("another network went with it")
	}
}

func (s *stage) testNetworkOrder() {
	for _, key := range []string{"m", "z", "a"} {
		s.network(key)
	}
	have, err := s.ListNetworks(s.Context())
	s.must(err)
	sorted := engine.Observed{Networks: slices.Clone(have)}
	sorted.Sort()
	for i, n := range sorted.Networks {
		if have[i].ID != n.ID {
			s.Fatalf("network %d is %s, want %s", i, have[i].Name, n.Name)
		}
	}
}

func (s *stage) testNetworkLabels() {
	labels := s.labels(map[string]string{"kind": "test"})
	s.compose.Networks["back"] = types.NetworkConfig{Name: s.name + "_back"}
	id, err := s.CreateNetwork(s.Context(), s.project().Network("back"), labels)
	s.must(err)
	labels["kind"] = "changed by its owner"
	n, _ := s.networkByID(id)
	if n.Labels["kind"] != "test" {
		s.Errorf("labels = %v, want those of its creation", n.Labels)
	}
	n.Labels["kind"] = "changed by a reader"
	if n, _ = s.networkByID(id); n.Labels["kind"] != "test" {
		s.Errorf("labels = %v, want those of its creation", n.Labels)
	}
}

func (s *stage) testAliases() {
	id := s.network("back")
	s.service("web", obedient, func(c *types.ServiceConfig) {
		joined("back")(c)
		c.Networks["back"] = &types.ServiceNetworkConfig{Aliases: []string{"shop"}}
	})
	web := s.create("web")
	if l, _ := s.listed(web); len(l.Networks) != 1 || l.Networks[0].Network != s.name+"_back" {
		s.Errorf("networks of the created container = %+v", l.Networks)
	}
	s.must(s.StartContainer(s.Context(), web))
	if l, _ := s.listed(web); len(l.Networks) != 1 || l.Networks[0].NetworkID != id || l.Networks[0].Address == "" {
		s.Errorf("networks of the running container = %+v, want %s with an address", l.Networks, id)
	}
	client := s.up("client", obedient, joined("back"))
	for _, name := range []string{"web", "shop", web.Name} {
		s.resolves(client, name, true)
	}
	s.resolves(client, "nobody", false)
}

// resolves checks whether a name is known inside the container.
func (s *stage) resolves(c engine.Ref, name string, want bool) {
	s.Helper()
	r := s.exec(c, "ping -c 1 -w 3 "+name)
	if got := r.ExitCode == 0; got != want {
		s.Errorf("%s resolves: %v, want %v: %s", name, got, want, r.Output)
	}
}

func (s *stage) testConnect() {
	s.network("back")
	front := s.network("front")
	web := s.up("web", obedient, joined("back"))
	client := s.up("client", obedient, joined("front"))
	s.resolves(client, "web", false)
	p := s.project()
	endpoint := engine.EndpointSpec{Project: p, Service: p.Service("web"), Network: p.Network("front"), Container: web.Name}
	endpoint.Service.Spec.Networks["front"] = &types.ServiceNetworkConfig{Aliases: []string{"shop"}}
	s.must(s.ConnectNetwork(s.Context(), web, endpoint))
	s.must(s.ConnectNetwork(s.Context(), web, endpoint))
	for _, name := range []string{"web", "shop"} {
		s.resolves(client, name, true)
	}
	if l, _ := s.listed(web); len(l.Networks) != 2 || l.Networks[1].NetworkID != front {
		s.Errorf("networks = %+v, want two", l.Networks)
	}
	s.must(s.DisconnectNetwork(s.Context(), web, front))
	s.must(s.DisconnectNetwork(s.Context(), web, front))
	s.resolves(client, "shop", false)
	if l, _ := s.listed(web); len(l.Networks) != 1 {
		s.Errorf("networks after disconnect = %+v, want one", l.Networks)
	}
}

func (s *stage) testNetworkInUse() {
	id := s.network("back")
	c := s.up("web", obedient, joined("back"))
	if err := s.RemoveNetwork(s.Context(), id); !errors.Is(err, engine.ErrConflict) {
		s.Errorf("remove = %v, want a conflict", err)
	}
	s.must(s.RemoveContainer(s.Context(), c, false))
	s.must(s.RemoveNetwork(s.Context(), id))
}

func (s *stage) testNetworkGone() {
	id := s.network("back")
	c := s.run("web", obedient, joined("back"))
	s.must(s.StopContainer(s.Context(), c, nil))
	s.must(s.RemoveNetwork(s.Context(), id)) // a stopped container does not use it
	if err := s.StartContainer(s.Context(), c); err == nil {
		s.Error("start = nil although the network is gone")
	}
	if got := s.inspect(c); got.State != engine.Exited || got.Error == "" {
		s.Errorf("%s, error %q, want exited with the reason", got.State, got.Error)
	}
}

func (s *stage) testMissingNetwork() {
	s.compose.Networks["back"] = types.NetworkConfig{Name: s.name + "_back"}
	s.service("web", obedient, joined("back"))
	r, err := s.CreateContainer(s.Context(), s.spec("web"))
	if err == nil { // some engines notice at start only
		err = s.StartContainer(s.Context(), engine.Ref{ID: r.ID, Name: s.spec("web").Name})
	}
	if !errors.Is(err, engine.ErrNotFound) {
		s.Errorf("create and start = %v, want not found", err)
	}
}

func (s *stage) testPort() {
	s.network("back")
	publish := func(c *types.ServiceConfig) {
		joined("back")(c)
		c.Ports = []types.ServicePortConfig{{Target: 80, Published: strconv.Itoa(s.fx.Port), Protocol: "tcp", Mode: "ingress"}}
	}
	first := s.up("first", obedient, publish)
	l, _ := s.listed(first)
	if i := slices.IndexFunc(l.Ports, func(p engine.Port) bool { return p.HostPort == s.fx.Port }); i < 0 || l.Ports[i].Container != 80 || l.Ports[i].Protocol != "tcp" {
		s.Errorf("ports = %+v, want %d to 80", l.Ports, s.fx.Port)
	}
	s.service("second", obedient, publish)
	second := s.create("second")
	if err := s.StartContainer(s.Context(), second); err == nil || !strings.Contains(err.Error(), strconv.Itoa(s.fx.Port)) {
		s.Errorf("start = %v, want an error that names port %d", err, s.fx.Port)
	}
	if got := s.inspect(second); got.State != engine.Created || got.Error == "" {
		s.Errorf("%s, error %q, want created with the reason", got.State, got.Error)
	}
}

func (s *stage) testNamespace() {
	s.network("back")
	s.service("web", obedient, joined("back"))
	web := s.create("web")
	s.service("side", obedient, func(c *types.ServiceConfig) { c.NetworkMode = "service:web" })
	spec := s.spec("side")
	spec.Refs = map[string]engine.Ref{"web": web}
	r, err := s.CreateContainer(s.Context(), spec)
	s.must(err)
	side := engine.Ref{ID: r.ID, Name: spec.Name}
	if err := s.StartContainer(s.Context(), side); err == nil {
		s.Error("start = nil although the owner of the namespace does not run")
	}
	s.must(s.StartContainer(s.Context(), web))
	s.must(s.StartContainer(s.Context(), side))
	if got := s.inspect(side).NetworkMode; got != "container:"+web.ID {
		s.Errorf("network mode = %q, want container:%s", got, web.ID)
	}
}
