package loader

import (
	"fmt"

	"github.com/musterdev/muster/loader/node"
)

// externalName rewrites external: {name: x}, the form of old files, as name: x
// and external: true.
func (c *checker) externalName(n *node.Node, path string) {
	i := n.Index("external")
	if i < 0 || n.Fields[i].Node.Kind != node.Mapping || n.Fields[i].Node.Bad {
		return
	}
	external := n.Fields[i]
	old := external.Node.Get("name")
	name := n.Get("name")
	switch {
	case old == nil:
	case name == nil:
		n.Fields = append(n.Fields, node.Field{Key: "name", Pos: old.Pos, Node: old})
	case name.Value != old.Value:
		c.reject(name, path+".name", fmt.Sprintf("%s is not the name in external, %s", node.QuoteValue(name), node.QuoteValue(old)), "remove the one in external")
	}
	c.s.warn(Warning{Pos: external.Pos, Path: path + ".external", Msg: "is an old form", Hint: "write external: true, and name beside it"})
	n.Fields[i].Node = &node.Node{Pos: external.Node.Pos, Value: true, Text: "true"}
}
