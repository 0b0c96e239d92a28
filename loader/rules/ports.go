package rules

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

// portCount checks that the ports of a service are not too many before ranges are
// multiplied out. What comes after those that are is not looked at.
func portCount(a *At) {
	total := 0
	for i, item := range a.Node.Items {
		switch {
		case item.Bad:
		case total > a.run.Ports:
			item.Bad = true
		default:
			if total += portsOf(a.run, item); total > a.run.Ports {
				a.about(item, a.Path()+node.IndexElem(i), fmt.Sprintf("the service publishes more than %d ports", a.run.Ports), a.rule.Fix)
			}
		}
	}
}

// portsOf is the number of ports that an item stands for; 0 if it is not well formed.
func portsOf(r *run, n *node.Node) int {
	if n.Kind == node.Sequence {
		return 0
	}
	text, ok := r.text(n)
	if !ok {
		return 1
	}
	count, _, _ := parsePort(text, r.Ports)
	return count
}

// shortPort checks [[IP:]HOST:]CONTAINER[/PROTOCOL].
func shortPort(a *At) {
	text, ok := a.Text()
	if _, problem, fix := parsePort(text, a.run.Ports); ok && problem != "" {
		a.Hint(node.QuoteValue(a.Node)+" "+problem, fix)
	}
}

// parsePort checks a port in short form. It returns the number of ports, or
// what is wrong.
func parsePort(text string, limit int) (count int, problem, fix string) {
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
		return 0, fmt.Sprintf("is a range of %d ports, the maximum is %d", count, limit), "publish fewer, or share the host's network with network_mode: host"
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

func portTarget(a *At) {
	if a.Node.Kind == node.Mapping && a.Node.Get("target") == nil {
		a.Report("target is missing")
	}
}

func portPublished(a *At) {
	if text, ok := a.Text(); ok && text != "" {
		if _, ok := portRange(text); !ok {
			a.Report(node.QuoteValue(a.Node) + " is not a port or a range of ports")
		}
	}
}

func portProtocol(a *At) {
	if text, ok := a.Text(); ok && !slices.Contains(protocols(), text) {
		a.Report("unknown protocol " + node.QuoteValue(a.Node))
	}
}

func expose(a *At) {
	text := a.Node.Text
	if t, ok := a.Node.Str(); ok {
		if _, checkable := a.Text(); !checkable {
			return
		}
		text = t
	}
	ports, protocol, hasProtocol := strings.Cut(text, "/")
	if _, ok := portRange(ports); !ok || hasProtocol && !slices.Contains(protocols(), protocol) {
		a.Report(node.QuoteValue(a.Node) + " is not a port")
	}
}
