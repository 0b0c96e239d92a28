package rules

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
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

// hostName refuses a host name of one's own beside the host's.
func hostName(a *At) {
	if a.spec().Uts == "host" && a.spec().Hostname != "" {
		a.model("uts: host uses the host's name: the container cannot have its own", a.rule.Fix, a.of("hostname")...)
	}
}

// joinedNetwork refuses what the engine does not take together with the network
// of another container: the file can be shown, and the service not be run.
func joinedNetwork(a *At) {
	spec := a.spec()
	if owner := joined(spec); owner != "" && sets(spec)[a.elem] {
		a.model("engines reject it with network_mode "+spec.NetworkMode+": the network is that of "+owner, a.rule.Fix, a.of(a.elem)...)
	}
}

// sets tells which of the attributes that a network_mode is at odds with are set.
func sets(spec types.ServiceConfig) map[string]bool {
	return map[string]bool{
		"ports": len(spec.Ports) > 0, "expose": len(spec.Expose) > 0, "links": len(spec.Links) > 0, "dns": len(spec.DNS) > 0,
		"extra_hosts": len(spec.ExtraHosts) > 0, "hostname": spec.Hostname != "",
		"dns_search": len(spec.DNSSearch) > 0, "dns_opt": len(spec.DNSOpts) > 0, "domainname": spec.DomainName != "",
	}
}

// idleNetwork names the attributes of a service that have no effect with its
// network_mode.
func idleNetwork(a *At) {
	spec, why := a.spec(), ""
	var idle []string
	switch mode := spec.NetworkMode; {
	case mode == "none":
		why, idle = "nothing reaches the container", []string{"ports", "expose", "links"}
	case mode == "host" && a.elem == "links":
		why, idle = "names of containers are not resolved", []string{"links"}
	case mode == "host":
		why, idle = "the container's ports are the host's", []string{"ports"}
	case joined(spec) != "":
		why, idle = "the network is that of "+joined(spec), []string{"dns_search", "dns_opt", "domainname", "links"}
	}
	if slices.Contains(idle, a.elem) && sets(spec)[a.elem] {
		a.idle("has no effect with network_mode " + spec.NetworkMode + ": " + why)
	}
}
