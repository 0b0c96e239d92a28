package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// shortMount reads a mount in short form; ok says that it is one that is written
// out.
//
// A single letter before a colon is a Windows drive to compose-go. Here it is a
// volume if the files declare a volume of that name (v:/data with volumes: {v:}),
// and a drive otherwise (C:\data:/data, c:/data:/data).
func shortMount(a *At) (spec, letter string, v types.ServiceVolumeConfig, ok bool, err error) {
	text, ok := a.Text()
	if !ok || a.Node.Kind != node.Scalar {
		return "", "", v, false, nil
	}
	spec, letter = OneLetter(text, a.run.Declared)
	v, err = format.ParseVolume(spec)
	return spec, letter, v, true, err
}

func mountSyntax(a *At) {
	if _, _, _, ok, err := shortMount(a); ok && err != nil {
		a.Report(node.QuoteValue(a.Node) + " is not a mount")
	}
}

func mountTarget(a *At) {
	if _, _, v, ok, err := shortMount(a); ok && err == nil && !isAbsolute(v.Target) {
		a.Report(node.QuoteValue(a.Node) + " has no absolute path to mount at")
	}
}

func isAbsolute(target string) bool { return strings.HasPrefix(target, "/") || WindowsPath(target) }

// OneLetter tells a volume whose name is one letter from a drive: spec is the
// text with a longer name if it is such a volume.
func OneLetter(text string, declared func(name string) bool) (spec, letter string) {
	if len(text) > 2 && text[1] == ':' && text[2] == '/' && declared(text[:1]) {
		return "volume" + text[1:], text[:1]
	}
	return text, ""
}

// WindowsPath reports whether the path starts with a drive or names a pipe.
func WindowsPath(path string) bool {
	return len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') || strings.HasPrefix(path, `\\`)
}

func windowsMount(a *At) {
	_, letter, v, ok, err := shortMount(a)
	if !ok || err != nil || letter != "" || v.Source != "" || !isAbsolute(v.Target) {
		return
	}
	if len(v.Target) > 2 && v.Target[1] == ':' && v.Target[2] == '/' {
		a.Hint(fmt.Sprintf("%s is an anonymous volume at a Windows path", node.QuoteValue(a.Node)), "declare "+v.Target[:1]+" under volumes: to mount it")
	}
}

// mountOption warns of options that compose-go drops.
func mountOption(a *At) {
	spec, _, v, ok, err := shortMount(a)
	i := strings.LastIndexByte(spec, ':')
	if !ok || err != nil || !isAbsolute(v.Target) || v.Source == "" || i < 0 || strings.ContainsAny(spec[i+1:], `/\`) || spec[i+1:] == v.Target {
		return
	}
	known := append([]string{"ro", "rw", "nocopy", "z", "Z", ""}, format.Propagations...)
	for _, option := range strings.Split(spec[i+1:], ",") {
		if !slices.Contains(known, option) {
			a.Hint(fmt.Sprintf("the option %s has no effect", option), hint.DidYouMean(option, known[:5]))
		}
	}
}

func longMount(a *At) {
	if a.Node.Kind != node.Mapping {
		return
	}
	switch kind, _ := a.Node.Get("type").Str(); {
	case a.Node.Get("target") == nil:
		a.Report("target is missing")
	case kind == types.VolumeTypeBind && a.Node.Get("source") == nil:
		a.Hint("source is missing", "a bind mount needs a path on the host")
	}
}

func mountType(a *At) {
	kind, _ := a.Node.Get("type").Str()
	if a.Node.Kind != node.Mapping || kind == "" { // the schema asks for it
		return
	}
	sections := map[string]string{"bind": types.VolumeTypeBind, "volume": types.VolumeTypeVolume, "tmpfs": types.VolumeTypeTmpfs, "image": types.VolumeTypeImage}
	for _, f := range a.Node.Fields {
		if want := sections[f.Key]; want != "" && want != kind {
			a.field(f, fmt.Sprintf("has no effect on a mount of type %s", kind))
		}
	}
}
