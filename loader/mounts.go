package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// volume checks one mount of a service.
//
// A single letter before a colon is a Windows drive to compose-go. Here it is a
// volume if the files declare a volume of that name (v:/data with volumes: {v:}),
// and a drive otherwise (C:\data:/data, c:/data:/data).
func (c *checker) volume(n *node.Node, path string) {
	if n.Kind == node.Mapping {
		c.longVolume(n, path)
		return
	}
	text, ok := c.text(n)
	if !ok {
		return
	}
	spec, letter := oneLetter(text, func(name string) bool { return c.letters[name] })
	v, err := format.ParseVolume(spec)
	if err != nil {
		c.reject(n, path, node.QuoteValue(n)+" is not a mount", "write SOURCE:TARGET[:ro]")
		return
	}
	if !strings.HasPrefix(v.Target, "/") && !windowsPath(v.Target) {
		c.refuse(n, path, node.QuoteValue(n)+" has no absolute path to mount at", "write SOURCE:/path[:ro]")
		return
	}
	c.mountOptions(n, path, spec, v)
	if letter == "" {
		if v.Source == "" && len(v.Target) > 2 && v.Target[1] == ':' && v.Target[2] == '/' {
			c.s.warn(Warning{Pos: n.Pos, Path: path, Msg: fmt.Sprintf("%s is an anonymous volume at a Windows path", node.QuoteValue(n)), Hint: "declare " + v.Target[:1] + " under volumes: to mount it"})
		}
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

// oneLetter tells a volume whose name is one letter from a drive: spec is the
// text with a longer name if it is such a volume.
func oneLetter(text string, declared func(name string) bool) (spec, letter string) {
	if len(text) > 2 && text[1] == ':' && text[2] == '/' && declared(text[:1]) {
		return "volume" + text[1:], text[:1]
	}
	return text, ""
}

// windowsPath reports whether the path starts with a drive or names a pipe.
func windowsPath(path string) bool {
	return len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') || strings.HasPrefix(path, `\\`)
}

// mountOptions warns of options that compose-go drops.
func (c *checker) mountOptions(n *node.Node, path, spec string, v types.ServiceVolumeConfig) {
	i := strings.LastIndexByte(spec, ':')
	if v.Source == "" || i < 0 || strings.ContainsAny(spec[i+1:], `/\`) || spec[i+1:] == v.Target {
		return
	}
	known := append([]string{"ro", "rw", "nocopy", "z", "Z", ""}, format.Propagations...)
	for _, option := range strings.Split(spec[i+1:], ",") {
		if !slices.Contains(known, option) {
			c.s.warn(Warning{Pos: n.Pos, Path: path, Msg: fmt.Sprintf("the option %s has no effect", option), Hint: hint.DidYouMean(option, known[:5])})
		}
	}
}

func (c *checker) longVolume(n *node.Node, path string) {
	kind, _ := n.Get("type").Str()
	switch {
	case n.Get("target") == nil:
		c.reject(n, path, "target is missing", "")
		return
	case kind == types.VolumeTypeBind && n.Get("source") == nil:
		c.reject(n, path, "source is missing", "a bind mount needs a path on the host")
		return
	case kind == "": // the schema asks for it
		return
	}
	sections := map[string]string{"bind": types.VolumeTypeBind, "volume": types.VolumeTypeVolume, "tmpfs": types.VolumeTypeTmpfs, "image": types.VolumeTypeImage}
	for _, f := range n.Fields {
		if want := sections[f.Key]; want != "" && want != kind {
			c.s.warn(Warning{Pos: f.Pos, Path: path + "." + f.Key, Msg: fmt.Sprintf("has no effect on a mount of type %s", kind)})
		}
	}
}

// declare notes the one-letter volumes of files that are merged with each other.
func (c *checker) declare(sources []*source) {
	for _, src := range sources {
		for _, doc := range src.docs {
			volumes := doc.Get("volumes")
			if volumes == nil {
				continue
			}
			for _, f := range volumes.Fields {
				if len(f.Key) == 1 {
					c.letters[f.Key] = true
				}
			}
		}
	}
}

// device gives a device in long form the target that the short form has: the
// same path.
func (c *checker) device(n *node.Node, _ string) {
	source := n.Get("source")
	if n.Kind == node.Mapping && n.Get("target") == nil && source != nil && !source.Bad {
		n.Fields = append(n.Fields, node.Field{Key: "target", Pos: source.Pos, Node: source})
	}
}
