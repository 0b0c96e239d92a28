package rules

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

// identities are the lists of which no two items are the same.
func identities() map[string]identity {
	all := map[string]identity{}
	for list, id := range map[string]identity{
		"environment": byName, "labels": byName, "annotations": byName, "sysctls": byName, "deploy.labels": byName,
		"build.args": byName, "build.labels": byName, "build.additional_contexts": byName, "build.ssh": byName,
		"build.tags": byText, "cap_add": byText, "cap_drop": byText, "dns": byText, "dns_opt": byText, "dns_search": byText, "expose": byText,
		"links": byText, "profiles": byText, "extra_hosts": byText, "build.extra_hosts": byText, "env_file": byPath,
		"volumes": byTarget, "tmpfs": byName, "devices": byDevice, "configs": byFile(""), "secrets": byFile("/run/secrets"), "ports": byPorts,
		"pre_start[].environment": byName, "post_start[].environment": byName, "pre_stop[].environment": byName,
		"networks.*.aliases": byText, "networks.*.link_local_ips": byText,
	} {
		all["services.*."+list] = id
	}
	for _, section := range []string{"networks", "volumes", "secrets", "configs"} {
		all[section+".*.labels"] = byName
	}
	return all
}

// repeated warns of what is said twice in one list: the later item takes the
// place of the earlier one.
func repeated() func(*At) {
	ids := identities()
	return func(a *At) {
		if a.Node.Kind != node.Sequence || len(a.Node.Items) < 2 {
			return
		}
		seen := make(map[string]int, len(a.Node.Items))
		for i, item := range a.Node.Items {
			key := ""
			if !item.Bad && item.Tag != node.TagReset && !(a.run.Variables && item.HasVariable()) {
				key = ids[a.On](item)
			}
			if key == "" {
				continue
			}
			first, again := seen[key]
			seen[key] = i
			switch old := a.Node.Items[first]; {
			case !again:
			case node.Alike(item, old):
				a.point(item.Pos, a.Path()+node.IndexElem(i), fmt.Sprintf("repeats line %d", old.Pos.Line), a.rule.Fix)
			default:
				a.point(old.Pos, a.Path()+node.IndexElem(first), fmt.Sprintf("has no effect, line %d says it again", item.Pos.Line), a.rule.Fix)
			}
		}
	}
}
