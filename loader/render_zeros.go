package loader

import (
	"cmp"

	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// keepZeros writes the values that compose-go leaves out for being empty,
// although an empty one is not the same as none: a file without content, and a
// container that is kept out of swap.
func keepZeros(doc *yaml.Node, p *project.Project) {
	root := doc.Content[0]
	for _, section := range []struct {
		name  string
		files []*project.File
	}{{"configs", p.Configs}, {"secrets", p.Secrets}} {
		for _, f := range section.files {
			if n := below(root, section.name, f.Key); n != nil && f.Inline && len(f.Content) == 0 {
				addMissing(n, "content", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle})
			}
		}
	}
	for _, s := range p.Services {
		if n := below(root, "services", s.Name); n != nil && p.Positions.Has("services", s.Name, "mem_swappiness") {
			addMissing(n, "mem_swappiness", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "0"})
		}
	}
}

func below(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n = child(n, key); n == nil {
			return nil
		}
	}
	return n
}

// addMissing adds a key to a mapping that lacks it, in alphabetical order.
func addMissing(n *yaml.Node, key string, value yaml.Node) {
	if n.Kind != yaml.MappingNode || child(n, key) != nil {
		return
	}
	at := 0
	for at < len(n.Content) && cmp.Less(n.Content[at].Value, key) {
		at += 2
	}
	after := append([]*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &value}, n.Content[at:]...)
	n.Content = append(n.Content[:at:at], after...)
	n.Style = 0 // an empty one is written {}
}
