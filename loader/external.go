package loader

import "fmt"

// externalName rewrites external: {name: x}, the form of old files, as name: x
// and external: true.
func (c *checker) externalName(n *node, path string) {
	i := n.index("external")
	if i < 0 || n.fields[i].node.kind != mapping || n.fields[i].node.bad {
		return
	}
	external := n.fields[i]
	old := external.node.get("name")
	name := n.get("name")
	switch {
	case old == nil:
	case name == nil:
		n.fields = append(n.fields, field{"name", old.pos, old})
	case name.value != old.value:
		c.reject(name, path+".name", fmt.Sprintf("%s is not the name in external, %s", quoteValue(name), quoteValue(old)), "remove the one in external")
	}
	c.s.warn(Warning{Pos: external.pos, Path: path + ".external", Msg: "is an old form", Hint: "write external: true, and name beside it"})
	n.fields[i].node = &node{pos: external.node.pos, value: true, text: "true"}
}
