package loader

import (
	"slices"

	"github.com/musterdev/muster/loader/node"
	"gopkg.in/yaml.v3"
)

// tag notes the tags that Compose files have. Others change nothing but whether a
// scalar is text, as with Docker Compose, which is said: they may be misspelt, or
// meant for another program.
func (p *parser) tag(n *yaml.Node, out *node.Node, path string) {
	switch {
	case n.Tag == node.TagReset || n.Tag == node.TagOverride:
		out.Tag = n.Tag
	case n.Style&yaml.TaggedStyle != 0 && !slices.Contains(yamlTags(), n.ShortTag()):
		p.warn(Warning{Rule: "tag", Pos: p.at(n), Path: path, Msg: "the tag " + n.ShortTag() + " is ignored: Compose files have !reset and !override"})
	}
}

// yamlTags are those of YAML itself; ! makes text of a scalar.
func yamlTags() []string {
	return []string{"", "!", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!!merge", "!!map", "!!seq"}
}
