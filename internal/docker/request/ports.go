package request

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"
)

// exposed are the ports of expose and ports.
func (t Translation) exposed() nat.PortSet {
	set := nat.PortSet{}
	for _, e := range t.spec.Expose {
		number, proto, _ := strings.Cut(e, "/")
		first, last, ok := portRange(number)
		if !ok {
			continue // warned about by Unsupported
		}
		for n := first; n <= last; n++ {
			set[nat.Port(strconv.Itoa(n)+"/"+cmp.Or(proto, "tcp"))] = struct{}{}
		}
	}
	for _, p := range t.spec.Ports {
		set[portOf(p.Target, p.Protocol)] = struct{}{}
	}
	if len(set) == 0 {
		return nil
	}
	return set
}

// published are the host's sides of ports. An empty published port lets the
// engine choose; of a range it takes the first that is free.
func (t Translation) published() (nat.PortMap, error) {
	if len(t.spec.Ports) == 0 {
		return nil, nil
	}
	m := nat.PortMap{}
	for i, p := range t.spec.Ports {
		if _, _, ok := portRange(cmp.Or(p.Published, "0")); !ok {
			return nil, t.invalid(fmt.Sprintf("ports[%d]", i), fmt.Errorf("%q is neither a port nor a range of ports", p.Published))
		}
		port := portOf(p.Target, p.Protocol)
		m[port] = append(m[port], nat.PortBinding{HostIP: p.HostIP, HostPort: p.Published})
	}
	return m, nil
}

func portOf(target uint32, protocol string) nat.Port {
	return nat.Port(strconv.FormatUint(uint64(target), 10) + "/" + cmp.Or(protocol, "tcp"))
}
