package loader

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/node"
)

// joined is what a service takes its network from with network_mode service:NAME
// or container:NAME, for people, or "".
func joined(spec types.ServiceConfig) string {
	if name, ok := strings.CutPrefix(spec.NetworkMode, types.ServicePrefix); ok {
		return "service " + name
	}
	if name, ok := strings.CutPrefix(spec.NetworkMode, types.ContainerPrefix); ok {
		return "container " + name
	}
	return ""
}

// joinedNetwork refuses what the engine does not take together with the network
// of another container or the host's host name: the file can be shown, and the
// service not be run.
func (c *consistency) joinedNetwork(name string, spec types.ServiceConfig) {
	if spec.Uts == "host" && spec.Hostname != "" {
		c.refuse("uts: host is the host's name: the container cannot have its own", "remove one", "services", name, "hostname")
	}
	owner := joined(spec)
	if owner == "" {
		return
	}
	for _, a := range []struct {
		key string
		set bool
	}{
		{"ports", len(spec.Ports) > 0}, {"expose", len(spec.Expose) > 0}, {"dns", len(spec.DNS) > 0},
		{"extra_hosts", len(spec.ExtraHosts) > 0}, {"hostname", spec.Hostname != ""},
	} {
		if a.set {
			c.refuse("engines refuse it with network_mode "+spec.NetworkMode+": the network is that of "+owner, "set it there, and remove it here", "services", name, a.key)
		}
	}
}

// warnNetworkMode names the attributes of a service that have no effect with its
// network_mode.
func (s *session) warnNetworkMode(n *node.Node, path string, spec types.ServiceConfig) {
	why := ""
	var keys []string
	switch mode := spec.NetworkMode; {
	case mode == "none":
		why, keys = "nothing reaches the container", []string{"ports", "expose", "links"}
	case mode == "host":
		why, keys = "the container's ports are the host's", []string{"ports"}
		if len(spec.Links) > 0 {
			s.warnField(n, path, "links", "has no effect with network_mode host: names of containers are not resolved")
		}
	case joined(spec) != "":
		why, keys = "the network is that of "+joined(spec), []string{"dns_search", "dns_opt", "domainname", "links"}
	}
	set := map[string]bool{
		"ports": len(spec.Ports) > 0, "expose": len(spec.Expose) > 0, "links": len(spec.Links) > 0,
		"dns_search": len(spec.DNSSearch) > 0, "dns_opt": len(spec.DNSOpts) > 0, "domainname": spec.DomainName != "",
	}
	for _, key := range keys {
		if set[key] {
			s.warnField(n, path, key, "has no effect with network_mode "+spec.NetworkMode+": "+why)
		}
	}
}
