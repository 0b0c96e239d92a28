package request

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// interfaceOption is the driver option in which engines keep interface_name.
const interfaceOption = "com.docker.network.endpoint.ifname"

// networking translates network_mode or networks. The first network is the
// primary one, whose name is the container's network mode; engines below API
// 1.44 take no other in a create call.
func (t Translation) networking(r *Create) error {
	mode := t.spec.NetworkMode
	if mode != "" || len(t.in.Service.Networks) == 0 {
		if mode == "" {
			mode = "none"
		}
		r.HostConfig.NetworkMode = container.NetworkMode(mode)
		if r.HostConfig.NetworkMode.IsBridge() || r.HostConfig.NetworkMode.IsDefault() {
			r.HostConfig.Links = t.links() // the default bridge has no names of its own
		}
		if mac := t.spec.MacAddress; mac != "" && t.atLeast("1.44") && r.HostConfig.NetworkMode.IsBridge() {
			r.NetworkingConfig = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{mode: {MacAddress: mac}}}
		}
		return nil
	}
	r.NetworkingConfig = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
	for i, key := range t.in.Service.Networks {
		n := t.in.Project.Network(key)
		if n == nil {
			return t.invalid("networks."+key, errors.New("the network is not declared"))
		}
		settings, err := t.endpoint(n)
		if err != nil {
			return err
		}
		if i == 0 {
			r.HostConfig.NetworkMode = container.NetworkMode(n.Name)
		}
		if i == 0 || t.atLeast("1.44") {
			r.NetworkingConfig.EndpointsConfig[n.Name] = settings
			continue
		}
		r.Connect = append(r.Connect, connection{n.Name, settings})
	}
	return nil
}

func (t Translation) endpoint(n *project.Network) (*network.EndpointSettings, error) {
	spec := engine.EndpointSpec{Project: t.in.Project, Service: t.in.Service, Network: n, Container: t.finalName()}
	settings, err := Endpoint(spec, t.api)
	if err != nil {
		return nil, t.invalid("mac_address", err)
	}
	if t.in.OneOff && !t.in.UseAliases && len(settings.Aliases) > 0 {
		settings.Aliases = []string{t.finalName()}
	}
	return settings, nil
}

// finalName is the name that the container ends up with: a successor is
// created under a temporary one.
func (t Translation) finalName() string {
	if t.in.OneOff {
		return t.in.Name
	}
	return t.in.Project.ContainerName(t.in.Service, t.in.Number)
}

// links are those that the default bridge resolves when the container is created:
// to containers that exist.
func (t Translation) links() []string {
	return append(serviceLinks(t.in.Project, t.in.Service, t.in.Unlinked), externalLinks(t.spec.ExternalLinks)...)
}

// serviceLinks are the names that the service knows others by: of each container
// of the target, but for those left out, the alias, its short and its full name.
func serviceLinks(p *project.Project, s *project.Service, leftOut []string) []string {
	var links []string
	for _, link := range s.Spec.Links {
		target, alias, found := strings.Cut(link, ":")
		if !found {
			alias = target
		}
		to := p.Service(target)
		if to == nil {
			continue
		}
		for n := 1; n <= to.Replicas; n++ {
			name := p.ContainerName(to, n)
			if slices.Contains(leftOut, name) {
				continue
			}
			short := fmt.Sprintf("%s%s%d", to.Name, p.Separator, n)
			links = append(links, name+":"+alias, name+":"+short, name+":"+p.Name+p.Separator+short)
		}
	}
	return links
}

func externalLinks(list []string) []string {
	var links []string
	for _, link := range list {
		name, alias, found := strings.Cut(link, ":")
		if !found {
			alias = name
		}
		links = append(links, name+":"+alias)
	}
	return links
}

// Endpoint translates a service's attachment to a network, whole: a
// container that is connected again later must not lose what it had.
func Endpoint(spec engine.EndpointSpec, api string) (*network.EndpointSettings, error) {
	s, n := spec.Service, spec.Network
	settings := &network.EndpointSettings{
		Aliases: []string{spec.Container, s.Name},
		Links:   append(serviceLinks(spec.Project, s, nil), externalLinks(s.Spec.ExternalLinks)...),
	}
	primary := len(s.Networks) > 0 && s.Networks[0] == n.Key
	mac, err := macAddress(s, n.Key, primary)
	if err != nil {
		return nil, err
	}
	if !versions.LessThan(api, "1.44") {
		settings.MacAddress = mac
	}
	c := s.Spec.Networks[n.Key]
	if c == nil {
		c = &types.ServiceNetworkConfig{}
	}
	settings.Aliases = unique(append(settings.Aliases, c.Aliases...))
	if !container.NetworkMode(n.Name).IsUserDefined() {
		settings.Aliases, settings.Links = nil, nil // refused on the engine's own networks
	}
	settings.DriverOpts = maps.Clone(c.DriverOpts)
	if c.InterfaceName != "" && !versions.LessThan(api, "1.49") {
		if settings.DriverOpts == nil {
			settings.DriverOpts = map[string]string{}
		}
		settings.DriverOpts[interfaceOption] = c.InterfaceName
	}
	if !versions.LessThan(api, "1.48") {
		settings.GwPriority = c.GatewayPriority
	}
	if c.Ipv4Address != "" || c.Ipv6Address != "" || len(c.LinkLocalIPs) > 0 {
		settings.IPAMConfig = &network.EndpointIPAMConfig{
			IPv4Address: c.Ipv4Address, IPv6Address: c.Ipv6Address, LinkLocalIPs: c.LinkLocalIPs,
		}
	}
	return settings, nil
}

// macAddress is a network's own, or on the primary network the service's.
func macAddress(s *project.Service, key string, primary bool) (string, error) {
	mac := ""
	if c := s.Spec.Networks[key]; c != nil {
		mac = c.MacAddress
	}
	if !primary || s.Spec.MacAddress == "" {
		return mac, nil
	}
	if mac != "" && !strings.EqualFold(mac, s.Spec.MacAddress) {
		return "", fmt.Errorf("%s differs from %s of its primary network %s", s.Spec.MacAddress, mac, key)
	}
	return s.Spec.MacAddress, nil
}

// legacyMAC is the primary endpoint's address for engines below API 1.44,
// which know one per container.
func (t Translation) legacyMAC() string {
	if t.atLeast("1.44") {
		return ""
	}
	if mode := container.NetworkMode(t.spec.NetworkMode); mode.IsBridge() || mode == "default" {
		return t.spec.MacAddress
	}
	if len(t.in.Service.Networks) == 0 {
		return "" // warned about by Unsupported
	}
	mac, err := macAddress(t.in.Service, t.in.Service.Networks[0], true)
	if err != nil {
		return "" // networking reports it
	}
	return mac
}

func unique(names []string) []string {
	var list []string
	for _, n := range names {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}
