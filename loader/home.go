package loader

import (
	"os"
	"strings"
)

// homePaths are the attributes whose paths compose-go expands ~ in; * is any key
// or item, and entries of those with = in the end may be written NAME=PATH.
func homePaths() []string {
	const s = "services.*."
	return []string{
		s + "build", s + "build.context", s + "build.additional_contexts.*=", s + "build.ssh.*=",
		s + "env_file", s + "env_file.*", s + "env_file.*.path", s + "label_file", s + "label_file.*",
		s + "develop.watch.*.path", s + "volumes.*", s + "volumes.*.source",
		"configs.*.file", "secrets.*.file", "volumes.*.driver_opts.device",
	}
}

// expandHome does what compose-go does about ~, where the process has no HOME:
// that would take it for a folder's name, and write to standard error itself. A
// home that a .env file names is taken; without one the path is an error.
func (b *builder) expandHome(doc *node) {
	if _, err := os.UserHomeDir(); err == nil {
		return
	}
	for _, pattern := range homePaths() {
		keys, named := strings.CutSuffix(pattern, "=")
		b.expandHomeAt(doc, strings.Split(keys, "."), "", named)
	}
}

func (b *builder) expandHomeAt(n *node, keys []string, path string, named bool) {
	if len(keys) == 0 {
		b.expandHomeOf(n, path, named)
		return
	}
	for _, f := range n.fields {
		if keys[0] == "*" || keys[0] == f.key {
			b.s.of(b.s.at.within(f.key), func() { b.expandHomeAt(f.node, keys[1:], dotted(path, f.key), named) })
		}
	}
	if keys[0] == "*" {
		for i, item := range n.items {
			b.expandHomeAt(item, keys[1:], path+indexElem(i), named)
		}
	}
}

func (b *builder) expandHomeOf(n *node, path string, named bool) {
	text, _ := n.str()
	name := ""
	if before, after, found := strings.Cut(text, "="); named && found {
		name, text = before+"=", after
	}
	if !strings.HasPrefix(text, "~") {
		return
	}
	if home := b.s.home(); home != "" {
		n.value = name + home + text[1:]
		return
	}
	b.s.fail(&Error{Pos: n.pos, Path: path, Msg: "cannot expand ~: HOME is not set", Hint: "set HOME, or write the path in full", node: n})
	n.value, n.refused = name+"./"+text, true
}
