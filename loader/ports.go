package loader

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
)

// ports checks the ports of a service, and that they are not too many before
// ranges are multiplied out.
func (c *checker) ports(n *node.Node, path string) {
	total := 0
	for i, item := range n.Items {
		if item.Bad {
			continue
		}
		at := path + node.IndexElem(i)
		switch {
		case item.Kind == node.Mapping:
			c.longPort(item, at)
			total++
		case item.Kind == node.Scalar:
			total += c.shortPort(item, at)
		}
		if total > c.s.limits.PortRange {
			c.reject(item, at, fmt.Sprintf("the service publishes more than %d ports", c.s.limits.PortRange), "publish fewer, or share the host's network with network_mode: host")
			return
		}
	}
}

// shortPort checks [[IP:]HOST:]CONTAINER[/PROTOCOL] and returns the number of
// ports it stands for.
func (c *checker) shortPort(n *node.Node, path string) int {
	text, ok := c.text(n)
	if !ok {
		if _, isString := n.Value.(string); n.Kind == node.Scalar && !isString {
			if p, v := quantity.Whole(n.Value); v != quantity.Fits || p < 1 || p > quantity.MaxPort {
				c.reject(n, path, node.QuoteValue(n)+" is not a port", "ports are 1 to 65535")
			}
		}
		return 1
	}
	count, problem, hint := parsePort(text, c.s.limits.PortRange)
	if problem != "" {
		c.reject(n, path, node.QuoteValue(n)+" "+problem, hint)
		return 0
	}
	return count
}

// parsePort checks a port in short form. It returns the number of ports, or
// what is wrong.
func parsePort(text string, limit int) (count int, problem, hint string) {
	const usage = "write CONTAINER, HOST:CONTAINER or IP:HOST:CONTAINER"
	rest, protocol, hasProtocol := strings.Cut(text, "/")
	if hasProtocol && !slices.Contains(protocols(), strings.ToLower(protocol)) {
		return 0, "has an unknown protocol", "use tcp, udp or sctp"
	}
	container, host, ip := rest, "", ""
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		host, container = rest[:i], rest[i+1:]
		if j := strings.LastIndexByte(host, ':'); j >= 0 {
			ip, host = host[:j], host[j+1:]
		}
	}
	count, ok := portRange(container)
	if !ok {
		return 0, "is not a port mapping", usage
	}
	if ip != "" {
		if _, err := netip.ParseAddr(strings.Trim(ip, "[]")); err != nil {
			return 0, "has an invalid host address", usage
		}
	}
	if host != "" {
		published, ok := portRange(host)
		switch {
		case !ok:
			return 0, "has an invalid host port", "ports are 1 to 65535, " + usage
		case published != count && count != 1:
			return 0, fmt.Sprintf("maps %d host ports to %d container ports", published, count), "make both ranges equally long"
		}
	}
	if count > limit {
		return 0, fmt.Sprintf("stands for %d ports, more than %d", count, limit), "publish fewer, or share the host's network with network_mode: host"
	}
	if _, err := types.ParsePortConfig(text); err != nil {
		return 0, "is not a port mapping", usage
	}
	return count, "", ""
}

func protocols() []string { return []string{"tcp", "udp", "sctp"} }

// portRange reads N or N-M and returns how many ports that are.
func portRange(text string) (count int, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	a, err := strconv.Atoi(first)
	if err != nil || a < 0 || a > quantity.MaxPort {
		return 0, false
	}
	if !isRange {
		return 1, true
	}
	b, err := strconv.Atoi(last)
	if err != nil || b < a || b > quantity.MaxPort {
		return 0, false
	}
	return b - a + 1, true
}

func (c *checker) longPort(n *node.Node, path string) {
	if target := n.Get("target"); target == nil {
		c.reject(n, path, "target is missing", "")
		return
	}
	port := func(n *node.Node, path string) {
		_, isString := n.Value.(string)
		if p, v := quantity.Whole(n.Value); n.Kind == node.Scalar && !isString && (v != quantity.Fits || p < 1 || p > quantity.MaxPort) {
			c.reject(n, path, node.QuoteValue(n)+" is not a port", "ports are 1 to 65535")
		}
	}
	c.fields(n, path, map[string]func(*node.Node, string){
		"target": port,
		"published": func(n *node.Node, path string) {
			port(n, path)
			if text, ok := c.text(n); ok && text != "" {
				if _, ok := portRange(text); !ok {
					c.refuse(n, path, node.QuoteValue(n)+" is not a port or a range of ports", "")
				}
			}
		},
		"host_ip": func(n *node.Node, path string) {
			if !c.isAddress(n) {
				c.reject(n, path, node.QuoteValue(n)+" is not an IP address", "")
			}
		},
		"protocol": func(n *node.Node, path string) {
			if text, ok := c.text(n); ok && !slices.Contains(protocols(), text) {
				c.refuse(n, path, "unknown protocol "+node.QuoteValue(n), "use tcp, udp or sctp")
			}
		},
	})
	for _, key := range []string{"target", "published", "host_ip", "protocol"} {
		if f := n.Get(key); f != nil && f.Bad {
			n.Bad = true // half a port mapping would be a different one
		}
	}
}

func (c *checker) expose(n *node.Node, path string) {
	text := n.Text
	if t, ok := n.Str(); ok {
		if _, checkable := c.text(n); !checkable {
			return
		}
		text = t
	}
	ports, protocol, hasProtocol := strings.Cut(text, "/")
	if _, ok := portRange(ports); !ok || hasProtocol && !slices.Contains(protocols(), protocol) {
		c.refuse(n, path, node.QuoteValue(n)+" is not a port", "write 8080, 8000-8010 or 53/udp")
	}
}
