package loader

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/restartpolicy"
)

// checker reports values that the schema allows and that nevertheless mean
// nothing, each at its place, and marks them so that they are left out.
type checker struct {
	s       *session
	letters map[string]bool // one-letter volumes that are declared
	lists   []serviceSet
}

func newChecker(s *session) *checker {
	return &checker{s: s, letters: map[string]bool{}, lists: lists()}
}

// reject reports a value that cannot be read, and leaves it out.
func (c *checker) reject(n *node.Node, path, msg, hint string) {
	n.Bad = true
	c.s.fail(&Error{Pos: n.Pos, Path: path, Msg: msg, Hint: hint, node: n})
}

// refuse reports a value that can be read and shown, but that nothing can be run
// with.
func (c *checker) refuse(n *node.Node, path, msg, hint string) {
	n.Refused = true
	c.s.fail(&Error{Pos: n.Pos, Path: path, Msg: msg, Hint: hint, shown: true, node: n})
}

// text is the string of a scalar that can be checked now.
func (c *checker) text(n *node.Node) (string, bool) {
	text, ok := n.Str()
	if !ok || n.Bad || c.s.in.NoInterpolate && strings.Contains(text, "$") {
		return "", false
	}
	return text, true
}

// document checks the values of one document.
func (c *checker) document(doc *node.Node) {
	c.each(doc, "services", c.service)
	c.each(doc, "networks", c.network)
	for _, section := range []string{"networks", "volumes", "secrets", "configs"} {
		c.each(doc, section, func(n *node.Node, path string) {
			c.externalName(n, path)
			if labels := n.Get("labels"); labels != nil && !labels.Bad {
				c.named(labels, path+".labels")
				c.twiceIn(labels, path+".labels", byName)
			}
			if options := n.Get("driver_opts"); options != nil && !options.Bad && section == "secrets" {
				c.texts(options, path+".driver_opts")
			}
		})
	}
}

func (c *checker) each(doc *node.Node, section string, check func(n *node.Node, path string)) {
	top := doc.Get(section)
	if top == nil || top.Kind != node.Mapping {
		return
	}
	for _, f := range top.Fields {
		if f.Node.Kind == node.Mapping && !f.Node.Bad {
			c.s.of(c.s.at.Within(section).Within(f.Key), func() { check(f.Node, section+"."+f.Key) })
		}
	}
}

// service checks the attributes that stand alone; where they go wrong together
// is seen when all files are merged.
func (c *checker) service(n *node.Node, path string) {
	c.twice(n, path)
	if pid := n.Get("pid"); pid.IsNull() {
		pid.Bad = true // the schema allows it; it means nothing
	}
	for _, f := range n.Fields {
		if check := c.attribute(f.Key); check != nil && !f.Node.Bad && !f.Node.IsNull() {
			c.s.of(c.s.at.Within(f.Key), func() { check(f.Node, path+"."+f.Key) })
		}
	}
}

func (c *checker) attribute(key string) func(*node.Node, string) {
	switch key {
	case "restart":
		return c.restart
	case "image":
		return c.image
	case "platform":
		return c.platform
	case "container_name":
		return c.containerName
	case "ports":
		return c.ports
	case "expose":
		return c.list(c.expose)
	case "volumes":
		return c.list(c.volume)
	case "devices":
		return c.list(c.device)
	case "environment":
		return c.environment
	case "labels", "annotations", "sysctls":
		return c.named
	case "storage_opt":
		return c.texts
	case "stop_grace_period":
		return c.grace
	case "cpus":
		return c.cpus
	case "stop_signal":
		return c.signal
	case "healthcheck":
		return c.healthcheck
	case "deploy":
		return c.deploy
	case "build":
		return c.build
	case "extra_hosts":
		return c.extraHosts
	case "dns":
		return c.list(c.address)
	case "mac_address":
		return c.mac
	case "networks":
		return c.serviceNetworks
	case "command", "entrypoint":
		return c.command
	}
	return nil
}

// list applies a check to every item, or to a scalar that stands for a list.
func (c *checker) list(check func(*node.Node, string)) func(*node.Node, string) {
	return func(n *node.Node, path string) {
		if n.Kind == node.Scalar {
			check(n, path)
			return
		}
		for i, item := range n.Items {
			if !item.Bad {
				check(item, path+node.IndexElem(i))
			}
		}
	}
}

func (c *checker) restart(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok {
		return
	}
	if _, err := restartpolicy.Parse(text); err == nil {
		return
	}
	policies := []string{"no", "always", "unless-stopped", "on-failure"}
	usage := "use no, always, unless-stopped or on-failure[:N]"
	if strings.HasPrefix(text, "on-failure:") {
		usage = "use on-failure, or on-failure:N with N from 0 to 2147483647"
	}
	if meant := hint.Nearest(text, policies); meant != "" && !strings.HasPrefix(text, "on-failure") {
		usage = "did you mean " + meant + "? use no, always, unless-stopped or on-failure[:N]"
	}
	c.refuse(n, path, "unknown policy "+node.QuoteValue(n), usage)
}

var imageReference = regexp.MustCompile(`^(?:[a-zA-Z0-9._\[\]:-]+/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[a-zA-Z][\w+.-]*:[0-9a-fA-F]{32,})?$`)

func (c *checker) image(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok || imageReference.MatchString(text) {
		return
	}
	if text == "" {
		c.reject(n, path, "is empty", node.EmptyHint(n, text))
		return
	}
	hint := ""
	if lower := strings.ToLower(text); imageReference.MatchString(lower) && !n.Expanded {
		hint = "names of images are lower case: " + lower
	}
	c.refuse(n, path, node.QuoteValue(n)+" is not an image reference", hint)
}

var (
	containerNamePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
	partOfContainerName  = regexp.MustCompile(`[a-zA-Z0-9][a-zA-Z0-9_.-]+`) // what the schema asks for
)

func (c *checker) containerName(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok || containerNamePattern.MatchString(text) {
		return
	}
	report := c.reject // as the schema does
	if partOfContainerName.MatchString(text) {
		report = c.refuse
	}
	report(n, path, node.QuoteValue(n)+" is not a container name", "use at least two letters, digits, underscores, dots or hyphens, the first a letter or digit")
}

func (c *checker) grace(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok {
		return
	}
	if d, _ := quantity.Duration(text); d%time.Second != 0 {
		up := (d + time.Second - 1).Truncate(time.Second)
		c.s.warn(Warning{Pos: n.Pos, Path: path, Msg: fmt.Sprintf("%s is rounded up to %s: engines know whole seconds only", node.QuoteValue(n), up)})
	}
}

func (c *checker) signal(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok {
		return
	}
	if hint, ok := Signal(text); !ok {
		c.refuse(n, path, node.QuoteValue(n)+" is not a signal", hint)
	}
}

func (c *checker) address(n *node.Node, path string) {
	if !c.isAddress(n) {
		c.refuse(n, path, node.QuoteValue(n)+" is not an IP address", "")
	}
}

func (c *checker) isAddress(n *node.Node) bool {
	text, ok := c.text(n)
	if !ok || text == "" {
		return true
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}

var macAddress = regexp.MustCompile(`^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$`)

func (c *checker) mac(n *node.Node, path string) {
	if text, ok := c.text(n); ok && !macAddress.MatchString(text) {
		c.refuse(n, path, node.QuoteValue(n)+" is not a MAC address", "write 02:42:ac:11:00:02")
	}
}

func (c *checker) prefix(n *node.Node, path string) {
	if text, ok := c.text(n); ok {
		if _, err := netip.ParsePrefix(text); err != nil {
			c.refuse(n, path, node.QuoteValue(n)+" is not a subnet", "write 172.28.0.0/16")
		}
	}
}
