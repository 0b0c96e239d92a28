package request

import (
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/musterdev/muster/project"
)

// Network translates a network definition.
func Network(n *project.Network, labels map[string]string) network.CreateOptions {
	spec := n.Spec
	opt := network.CreateOptions{
		Driver: spec.Driver, Internal: spec.Internal, Attachable: spec.Attachable,
		EnableIPv4: spec.EnableIPv4, EnableIPv6: spec.EnableIPv6,
		Options: spec.DriverOpts, Labels: labels,
	}
	ipam := spec.Ipam
	if ipam.Driver == "" && len(ipam.Config) == 0 && len(ipam.Options) == 0 {
		return opt
	}
	opt.IPAM = &network.IPAM{Driver: ipam.Driver, Options: ipam.Options}
	for _, pool := range ipam.Config {
		opt.IPAM.Config = append(opt.IPAM.Config, network.IPAMConfig{
			Subnet: pool.Subnet, IPRange: pool.IPRange, Gateway: pool.Gateway, AuxAddress: pool.AuxiliaryAddresses,
		})
	}
	return opt
}

// Volume translates a volume definition.
func Volume(v *project.Volume, labels map[string]string) volume.CreateOptions {
	return volume.CreateOptions{Name: v.Name, Driver: v.Spec.Driver, DriverOpts: v.Spec.DriverOpts, Labels: labels}
}
