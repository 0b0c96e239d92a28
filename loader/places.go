package loader

import (
	"fmt"
	"path"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/project"
)

// places maps the resolved model to where it was set. Where merging or ranges
// change the number of a list's items, they are matched by what they are.
func (n *node) places(model *types.Project) project.Positions {
	pos := make(project.Positions, 1024)
	n.positions(pos, "")
	services := n.get("services")
	if services == nil {
		return pos
	}
	for _, f := range services.fields {
		spec, ok := model.Services[f.key]
		if !ok {
			if spec, ok = model.DisabledServices[f.key]; !ok {
				continue
			}
		}
		listPlaces(pos, f.node, f.key, "ports", len(spec.Ports), portKeys, func(i int) string { return portKey(spec.Ports[i]) })
		listPlaces(pos, f.node, f.key, "volumes", len(spec.Volumes), mountKeys, func(i int) string { return spec.Volumes[i].Target })
		listPlaces(pos, f.node, f.key, "configs", len(spec.Configs), sourceKeys, func(i int) string { return spec.Configs[i].Source })
		listPlaces(pos, f.node, f.key, "secrets", len(spec.Secrets), sourceKeys, func(i int) string { return spec.Secrets[i].Source })
	}
	return pos
}

func listPlaces(pos project.Positions, service *node, name, attribute string, n int, keys func(*node) []string, key func(int) string) {
	list := service.get(attribute)
	if list == nil || len(list.items) == n {
		return
	}
	written := map[string]*node{}
	for _, item := range list.items {
		for _, k := range keys(item) {
			written[k] = item // the last file wins
		}
	}
	for i := range n {
		at := project.Path("services", name, attribute, indexElem(i))
		if item := written[key(i)]; item != nil {
			pos[at] = item.pos
		} else {
			delete(pos, at)
		}
	}
}

func portKey(p types.ServicePortConfig) string {
	return fmt.Sprintf("%s:%s:%d/%s", p.HostIP, p.Published, p.Target, p.Protocol)
}

func portKeys(n *node) []string {
	if n.kind != mapping {
		ports, err := types.ParsePortConfig(fmt.Sprint(n.value))
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
		if v := n.get(key); v != nil {
			return fmt.Sprint(v.value)
		}
		return fallback
	}
	return []string{fmt.Sprintf("%s:%s:%s/%s", text("host_ip", ""), text("published", ""), text("target", ""), text("protocol", "tcp"))}
}

func mountKeys(n *node) []string {
	switch v := n.value.(type) {
	case string:
		if mount, err := format.ParseVolume(v); err == nil {
			return []string{path.Clean(mount.Target)}
		}
	case map[string]any:
		target, _ := v["target"].(string)
		return []string{path.Clean(target)}
	}
	if target, ok := n.get("target").str(); ok {
		return []string{path.Clean(target)}
	}
	return nil
}

func sourceKeys(n *node) []string {
	if text, ok := n.str(); ok {
		return []string{text}
	}
	if source, ok := n.get("source").str(); ok {
		return []string{source}
	}
	return nil
}
