package loader

import (
	"fmt"
	"strings"

	"github.com/musterdev/muster/loader/node"
)

// identity is what two items of a list have in common if one takes the place of
// the other, and empty for an item that is not known well enough.
type identity func(*node.Node) string

// byName tells items NAME=value, byText those that stand for themselves. A tmpfs
// that is mounted with the same first option twice is dropped by compose-go, any
// other is refused.
func byName(n *node.Node) string {
	text, _ := n.Str()
	name, _, _ := strings.Cut(text, "=")
	return name
}

func byText(n *node.Node) string {
	if n.Kind != node.Scalar {
		return ""
	}
	return n.Text
}

func byTarget(n *node.Node) string {
	if keys := node.MountKeys(n); len(keys) > 0 {
		return keys[0]
	}
	return ""
}

// byFile tells configs and secrets by where they are in the container: in the
// folder if they do not say so.
func byFile(folder string) identity {
	return func(n *node.Node) string {
		if target, ok := n.Get("target").Str(); ok {
			return target
		}
		if keys := node.SourceKeys(n); len(keys) > 0 {
			return folder + "/" + keys[0]
		}
		return ""
	}
}

func byPath(n *node.Node) string {
	if n.Kind == node.Mapping {
		n = n.Get("path")
	}
	text, _ := n.Str()
	return text
}

func byDevice(n *node.Node) string {
	if target, ok := n.Get("target").Str(); ok {
		return target
	}
	text, _ := n.Str()
	parts := strings.Split(text, ":")
	return parts[min(1, len(parts)-1)]
}

func byPorts(n *node.Node) string { return strings.Join(node.PortKeys(n), " ") }

// serviceSet is a list of a service, by its path, of which no two items are the same.
type serviceSet struct {
	path []string
	id   identity
}

// lists are the sets of a service.
func lists() []serviceSet {
	identities := map[string]identity{
		"environment": byName, "labels": byName, "annotations": byName, "sysctls": byName, "deploy.labels": byName,
		"build.args": byName, "build.labels": byName, "build.additional_contexts": byName, "build.ssh": byName,
		"build.tags": byText, "cap_add": byText, "cap_drop": byText, "dns": byText, "dns_opt": byText, "dns_search": byText, "expose": byText,
		"links": byText, "profiles": byText, "extra_hosts": byText, "build.extra_hosts": byText, "env_file": byPath,
		"volumes": byTarget, "tmpfs": byName, "devices": byDevice, "configs": byFile(""), "secrets": byFile("/run/secrets"), "ports": byPorts,
	}
	all := make([]serviceSet, 0, len(identities))
	for _, attribute := range sortedKeys(identities) {
		all = append(all, serviceSet{strings.Split(attribute, "."), identities[attribute]})
	}
	return all
}

// twice warns of what is said twice in one list of a service: the later item
// takes the place of the earlier one.
func (c *checker) twice(service *node.Node, at string) {
	for _, l := range c.lists {
		c.twiceIn(service.At(l.path...), at+"."+strings.Join(l.path, "."), l.id)
	}
	for _, hooks := range []string{"pre_start", "post_start", "pre_stop"} {
		if list := service.Get(hooks); list != nil {
			for i, hook := range list.Items {
				c.twiceIn(hook.Get("environment"), at+"."+hooks+node.IndexElem(i)+".environment", byName)
			}
		}
	}
	if networks := service.Get("networks"); networks != nil {
		for _, f := range networks.Fields {
			c.twiceIn(f.Node.Get("aliases"), node.Dotted(at+".networks", f.Key)+".aliases", byText)
			c.twiceIn(f.Node.Get("link_local_ips"), node.Dotted(at+".networks", f.Key)+".link_local_ips", byText)
		}
	}
}

func (c *checker) twiceIn(list *node.Node, at string, id identity) {
	if list == nil || list.Kind != node.Sequence || len(list.Items) < 2 {
		return
	}
	seen := make(map[string]int, len(list.Items))
	for i, item := range list.Items {
		key := ""
		if !item.Bad && item.Tag != node.TagReset && !(c.s.in.NoInterpolate && item.HasVariable()) {
			key = id(item)
		}
		if key == "" {
			continue
		}
		first, again := seen[key]
		seen[key] = i
		if !again {
			continue
		}
		w := Warning{Pos: item.Pos, Path: at + node.IndexElem(i), Msg: fmt.Sprintf("repeats line %d", list.Items[first].Pos.Line), Hint: "remove one"}
		if !node.Alike(item, list.Items[first]) {
			w.Pos, w.Path = list.Items[first].Pos, at+node.IndexElem(first)
			w.Msg = fmt.Sprintf("has no effect, line %d says it again", item.Pos.Line)
		}
		c.s.warn(w)
	}
}
