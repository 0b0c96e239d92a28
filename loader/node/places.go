package node

import (
	"fmt"
	"path"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// Places maps the resolved model to where it was set. Where merging or ranges
// change the number of a list's items, they are matched by what they are.
func (n *Node) Places(model *types.Project) project.Positions {
	pos := make(project.Positions, 1024)
	n.positions(pos, "")
	services := n.Get("services")
	if services == nil {
		return pos
	}
	for _, f := range services.Fields {
		spec, ok := model.Services[f.Key]
		if !ok {
			if spec, ok = model.DisabledServices[f.Key]; !ok {
				continue
			}
		}
		listPlaces(pos, f.Node, f.Key, "ports", len(spec.Ports), PortKeys, func(i int) string { return portKey(spec.Ports[i]) })
		listPlaces(pos, f.Node, f.Key, "volumes", len(spec.Volumes), MountKeys, func(i int) string { return spec.Volumes[i].Target })
		listPlaces(pos, f.Node, f.Key, "configs", len(spec.Configs), SourceKeys, func(i int) string { return spec.Configs[i].Source })
		listPlaces(pos, f.Node, f.Key, "secrets", len(spec.Secrets), SourceKeys, func(i int) string { return spec.Secrets[i].Source })
	}
	return pos
}

func listPlaces(pos project.Positions, service *Node, name, attribute string, n int, keys func(*Node) []string, key func(int) string) {
	list := service.Get(attribute)
	if list == nil || len(list.Items) == n {
		return
	}
	written := map[string]*Node{}
	for _, item := range list.Items {
		for _, k := range keys(item) {
			written[k] = item // the last file wins
		}
	}
	for i := range n {
		at := project.Path("services", name, attribute, IndexElem(i))
		if item := written[key(i)]; item != nil {
			pos[at] = item.Pos
		} else {
			delete(pos, at)
		}
	}
}

func portKey(p types.ServicePortConfig) string {
	return fmt.Sprintf("%s:%s:%d/%s", p.HostIP, p.Published, p.Target, p.Protocol)
}

// PortKeys are the ports that an item of ports stands for, each as one text.
func PortKeys(n *Node) []string {
	if n.Kind != Mapping {
		ports, err := types.ParsePortConfig(fmt.Sprint(n.Value))
		if err != nil {
			return nil
		}
		keys := make([]string, len(ports))
		for i, p := range ports {
			keys[i] = portKey(p)
		}
		return keys
	}
	text := func(key, fallback string) string {
		if v := n.Get(key); v != nil {
			return fmt.Sprint(v.Value)
		}
		return fallback
	}
	return []string{fmt.Sprintf("%s:%s:%s/%s", text("host_ip", ""), text("published", ""), text("target", ""), text("protocol", "tcp"))}
}

// MountKeys is where an item of volumes is mounted; none if it is not known.
func MountKeys(n *Node) []string {
	switch v := n.Value.(type) {
	case string:
		if mount, err := format.ParseVolume(v); err == nil {
			return []string{path.Clean(mount.Target)}
		}
	case map[string]any:
		target, _ := v["target"].(string)
		return []string{path.Clean(target)}
	}
	if target, ok := n.Get("target").Str(); ok {
		return []string{path.Clean(target)}
	}
	return nil
}

// SourceKeys is the config or secret that an item names; none if it is not known.
func SourceKeys(n *Node) []string {
	if text, ok := n.Str(); ok {
		return []string{text}
	}
	if source, ok := n.Get("source").Str(); ok {
		return []string{source}
	}
	return nil
}
