package loader

import (
	"os"
	"strings"

	"github.com/musterdev/muster/loader/node"
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
func (a *assembler) expandHome(doc *node.Node) {
	if _, err := os.UserHomeDir(); err == nil {
		return
	}
	for _, pattern := range homePaths() {
		keys, named := strings.CutSuffix(pattern, "=")
		a.expandHomeAt(doc, strings.Split(keys, "."), "", named)
	}
}

func (a *assembler) expandHomeAt(n *node.Node, keys []string, path string, named bool) {
	if len(keys) == 0 {
		a.expandHomeOf(n, path, named)
		return
	}
	for _, f := range n.Fields {
		if keys[0] == "*" || keys[0] == f.Key {
			a.l.reports.of(a.l.reports.at.Within(f.Key), func() { a.expandHomeAt(f.Node, keys[1:], node.Dotted(path, f.Key), named) })
		}
	}
	if keys[0] == "*" {
		for i, item := range n.Items {
			a.expandHomeAt(item, keys[1:], path+node.IndexElem(i), named)
		}
	}
}

func (a *assembler) expandHomeOf(n *node.Node, path string, named bool) {
	text, _ := n.Str()
	name := ""
	if before, after, found := strings.Cut(text, "="); named && found {
		name, text = before+"=", after
	}
	if !strings.HasPrefix(text, "~") {
		return
	}
	if home := a.l.home(); home != "" {
		n.Value = name + home + text[1:]
		return
	}
	a.l.reports.fail(&Error{Pos: n.Pos, Path: path, Msg: "cannot expand ~: HOME is not set", Hint: "set HOME, or write the path in full", node: n})
	n.Value, n.Refused = name+"./"+text, true
}
