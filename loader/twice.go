package loader

import (
	"fmt"
	"strings"
)

// identity is what two items of a list have in common if one takes the place of
// the other, and empty for an item that is not known well enough.
type identity func(*node) string

// byName tells items NAME=value, byText those that stand for themselves. A tmpfs
// that is mounted with the same first option twice is dropped by compose-go, any
// other is refused.
func byName(n *node) string {
	text, _ := n.str()
	name, _, _ := strings.Cut(text, "=")
	return name
}

func byText(n *node) string {
	if n.kind != scalar {
		return ""
	}
	return n.text
}

func byTarget(n *node) string {
	if keys := mountKeys(n); len(keys) > 0 {
		return keys[0]
	}
	return ""
}

// byFile tells configs and secrets by where they are in the container: in the
// folder if they do not say so.
func byFile(folder string) identity {
	return func(n *node) string {
		if target, ok := n.get("target").str(); ok {
			return target
		}
		if keys := sourceKeys(n); len(keys) > 0 {
			return folder + "/" + keys[0]
		}
		return ""
	}
}

func byPath(n *node) string {
	if n.kind == mapping {
		n = n.get("path")
	}
	text, _ := n.str()
	return text
}

func byDevice(n *node) string {
	if target, ok := n.get("target").str(); ok {
		return target
	}
	text, _ := n.str()
	parts := strings.Split(text, ":")
	return parts[min(1, len(parts)-1)]
}

func byPorts(n *node) string { return strings.Join(portKeys(n), " ") }

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
func (c *checker) twice(service *node, at string) {
	for _, l := range c.lists {
		c.twiceIn(service.at(l.path...), at+"."+strings.Join(l.path, "."), l.id)
	}
	for _, hooks := range []string{"pre_start", "post_start", "pre_stop"} {
		if list := service.get(hooks); list != nil {
			for i, hook := range list.items {
				c.twiceIn(hook.get("environment"), at+"."+hooks+indexElem(i)+".environment", byName)
			}
		}
	}
	if networks := service.get("networks"); networks != nil {
		for _, f := range networks.fields {
			c.twiceIn(f.node.get("aliases"), dotted(at+".networks", f.key)+".aliases", byText)
			c.twiceIn(f.node.get("link_local_ips"), dotted(at+".networks", f.key)+".link_local_ips", byText)
		}
	}
}

func (c *checker) twiceIn(list *node, at string, id identity) {
	if list == nil || list.kind != sequence || len(list.items) < 2 {
		return
	}
	seen := make(map[string]int, len(list.items))
	for i, item := range list.items {
		key := ""
		if !item.bad && item.tag != tagReset && !(c.s.in.NoInterpolate && item.hasVariable()) {
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
		w := Warning{Pos: item.pos, Path: at + indexElem(i), Msg: fmt.Sprintf("repeats line %d", list.items[first].pos.Line), Hint: "remove one"}
		if !alike(item, list.items[first]) {
			w.Pos, w.Path = list.items[first].pos, at+indexElem(first)
			w.Msg = fmt.Sprintf("has no effect, line %d says it again", item.pos.Line)
		}
		c.s.warn(w)
	}
}
