package loader

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/format"

	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/rules"
)

// declare notes the one-letter volumes of files that are merged with each other.
func (a *assembler) declare(sources []*source) {
	for _, src := range sources {
		for _, doc := range src.docs {
			volumes := doc.Get("volumes")
			if volumes == nil {
				continue
			}
			for _, f := range volumes.Fields {
				if len(f.Key) == 1 {
					a.letters[f.Key] = true
				}
			}
		}
	}
}

// longForms writes out what a document says in forms that compose-go takes for
// something else, once the rules have been checked.
func (a *assembler) longForms(doc *node.Node) {
	for _, service := range entries(doc, "services") {
		if pid := service.Get("pid"); pid.IsNull() {
			pid.Bad = true // the schema allows it; it means nothing
		}
		for _, mount := range itemsOf(service, "volumes") {
			a.longVolume(mount)
		}
		for _, device := range itemsOf(service, "devices") {
			longDevice(device)
		}
		for _, port := range itemsOf(service, "ports") {
			for _, key := range []string{"target", "published", "host_ip", "protocol"} {
				if f := port.Get(key); f != nil && f.Bad {
					port.Bad = true // half a port mapping would be a different one
				}
			}
		}
	}
	for _, section := range []string{"networks", "volumes", "secrets", "configs"} {
		for _, resource := range entries(doc, section) {
			longExternal(resource)
		}
	}
}

// entries are the mappings in a section that can be used.
func entries(doc *node.Node, section string) []*node.Node {
	top := doc.Get(section)
	if top == nil || top.Kind != node.Mapping {
		return nil
	}
	var all []*node.Node
	for _, f := range top.Fields {
		if f.Node.Kind == node.Mapping && !f.Node.Bad {
			all = append(all, f.Node)
		}
	}
	return all
}

// itemsOf are the items of a list of a service that can be used.
func itemsOf(service *node.Node, list string) []*node.Node {
	n := service.Get(list)
	if n == nil || n.Bad {
		return nil
	}
	if n.Kind == node.Scalar {
		return []*node.Node{n}
	}
	var all []*node.Node
	for _, item := range n.Items {
		if !item.Bad {
			all = append(all, item)
		}
	}
	return all
}

// longVolume writes out the mount of a volume whose name is one letter.
func (a *assembler) longVolume(n *node.Node) {
	text, ok := n.Str()
	if !ok || n.Refused || a.l.in.NoInterpolate && strings.Contains(text, "$") {
		return
	}
	spec, letter := rules.OneLetter(text, func(name string) bool { return a.letters[name] })
	v, err := format.ParseVolume(spec)
	if err != nil || letter == "" {
		return
	}
	long := map[string]any{"type": v.Type, "source": letter, "target": v.Target, "volume": map[string]any{}}
	if v.ReadOnly {
		long["read_only"] = true
	}
	if v.Volume != nil && v.Volume.NoCopy {
		long["volume"] = map[string]any{"nocopy": true}
	}
	n.Value = long
}

// longDevice gives a device in long form the target that the short form has: the
// same path.
func longDevice(n *node.Node) {
	source := n.Get("source")
	if n.Kind == node.Mapping && n.Get("target") == nil && source != nil && !source.Bad {
		n.Fields = append(n.Fields, node.Field{Key: "target", Pos: source.Pos, Node: source})
	}
}

// longExternal writes external: {name: x}, the form of old files, as name: x and
// external: true.
func longExternal(n *node.Node) {
	i := n.Index("external")
	if i < 0 || n.Fields[i].Node.Kind != node.Mapping || n.Fields[i].Node.Bad {
		return
	}
	external := n.Fields[i].Node
	if name := external.Get("name"); name != nil && n.Get("name") == nil {
		n.Fields = append(n.Fields, node.Field{Key: "name", Pos: name.Pos, Node: name})
	}
	n.Fields[i].Node = &node.Node{Pos: external.Pos, Value: true, Text: "true"}
}
