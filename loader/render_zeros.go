package loader

import (
	"cmp"

	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// zeros writes the values that compose-go leaves out for being empty, although
// an empty one is not the same as none: a file without content, a container that
// is kept out of swap, and sections of deploy that are there to be added to.
type zeros struct {
	p     *project.Project
	files map[string]bool // configs.NAME and secrets.NAME whose text is empty
}

func newZeros(p *project.Project) *zeros {
	z := &zeros{p: p, files: map[string]bool{}}
	for _, section := range []struct {
		name  string
		files []*project.File
	}{{"configs", p.Configs}, {"secrets", p.Secrets}} {
		for _, f := range section.files {
			z.files[project.Path(section.name, f.Key)] = f.Inline && len(f.Content) == 0
		}
	}
	return z
}

// keep adds them to a part of the model: an element within its section.
func (z *zeros) keep(doc *yaml.Node) {
	section, elements := doc.Content[0].Value, doc.Content[1]
	if elements.Kind != yaml.MappingNode || len(elements.Content) == 0 {
		return
	}
	name, n := elements.Content[0].Value, elements.Content[1]
	switch {
	case z.files[project.Path(section, name)]:
		addMissing(n, "content", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle})
	case section == "services":
		z.service(name, n)
	}
}

func (z *zeros) service(name string, n *yaml.Node) {
	if z.p.Positions.Has("services", name, "mem_swappiness") {
		addMissing(n, "mem_swappiness", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "0"})
	}
	deploy := child(n, "deploy")
	for _, key := range []string{"placement", "resources"} {
		if deploy != nil && z.p.Positions.Has("services", name, "deploy", key) {
			addMissing(deploy, key, yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
		}
	}
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
