package loader

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/loader/rules"
	"github.com/musterdev/muster/project"
)

// extensions decodes the x-muster sections of the active services, over what the
// top-level one says for all of them. Unlike other extensions they are checked: a
// typing error must not turn a feature off.
func (l *loader) extensions(tree *node.Node, model *types.Project) map[string]project.Extension {
	out := map[string]project.Extension{}
	all := l.commonExtension(tree)
	for _, name := range sortedKeys(model.Services) {
		var own project.Extension
		if service := tree.At("services", name); service != nil && service.Index(project.ExtensionKey) >= 0 {
			d := extensionDecoder{l: l}
			f := service.Fields[service.Index(project.ExtensionKey)]
			l.reports.of(node.ServiceOf(name).Within(project.ExtensionKey), func() {
				own = d.extension(f, "services."+name+"."+project.ExtensionKey)
			})
		}
		if x := own.Over(all); x != (project.Extension{}) {
			out[name] = x
		}
	}
	return out
}

// commonExtension decodes what the top-level x-muster says for all services. A
// probe is that of one service: only its timeout can be common.
func (l *loader) commonExtension(tree *node.Node) (x project.Extension) {
	i := tree.Index(project.ExtensionKey)
	if i < 0 {
		return x
	}
	d := extensionDecoder{l: l, common: true}
	l.reports.of(node.Owner{Section: project.ExtensionKey}, func() { x = d.extension(tree.Fields[i], project.ExtensionKey) })
	return x
}

type extensionDecoder struct {
	l      *loader
	common bool // the section is for all services
}

func (d extensionDecoder) fail(pos project.Position, path, msg, hint string) {
	d.l.reports.fail(&Error{Pos: pos, Path: path, Msg: msg, Hint: hint, shown: true})
}

// keys calls read for the fields of a mapping and reports unknown ones.
func (d extensionDecoder) keys(f node.Field, path string, known []string, read func(node.Field, string)) bool {
	if f.Node.Kind != node.Mapping {
		d.fail(f.Place(), path, "must be a mapping", "its keys are "+strings.Join(known, ", "))
		return false
	}
	for _, child := range f.Node.Fields {
		at := path + "." + child.Key
		if !slices.Contains(known, child.Key) {
			hint := hint.DidYouMean(child.Key, known)
			if hint == "" {
				hint = "known are " + strings.Join(known, ", ")
			}
			d.fail(child.Pos, at, "unknown key", hint)
			continue
		}
		read(child, at)
	}
	return true
}

func (d extensionDecoder) oneOf(f node.Field, path string, words ...string) string {
	text, ok := f.Node.Str()
	if !ok || !slices.Contains(words, text) {
		d.fail(f.Place(), path, "must be "+hint.OrList(words), hint.DidYouMean(text, words))
		return ""
	}
	return text
}

func (d extensionDecoder) extension(f node.Field, path string) (x project.Extension) {
	d.keys(f, path, rules.ExtensionKeys(), func(f node.Field, path string) {
		switch f.Key {
		case "ready":
			x.Ready = d.ready(f, path)
		case "on_unhealthy":
			x.OnUnhealthy = d.oneOf(f, path, "restart", "stop", "none")
		case "cascade":
			x.Cascade = d.oneOf(f, path, "always")
		case "crash_loop":
			x.CrashLoop = d.oneOf(f, path, "report", "brake", "giveup")
		case "notify":
			x.Notify = d.notify(f, path)
		}
	})
	return x
}

func (d extensionDecoder) ready(f node.Field, path string) *project.Ready {
	r := &project.Ready{}
	var kinds []string
	for _, k := range project.ReadyKinds() {
		kinds = append(kinds, k.Kind)
	}
	probes := 0
	ok := d.keys(f, path, append(slices.Clone(kinds), "timeout"), func(f node.Field, path string) {
		if d.common && f.Key != "timeout" {
			d.fail(f.Pos, path, "belongs to a service", "write it under services; timeout can be set for all")
			return
		}
		for _, k := range project.ReadyKinds() {
			if k.Kind == f.Key {
				probes++
				d.probe(r, k, f, path)
			}
		}
		if f.Key == "timeout" {
			r.Timeout = d.duration(f, path)
		}
	})
	if ok && probes != 1 && !d.common {
		d.fail(f.Pos, path, fmt.Sprintf("declares %d probes", probes), "give exactly one of "+strings.Replace(hint.OrList(kinds), " or ", " and ", 1))
	}
	return r
}

// probe decodes a check of a kind. One that has a single key can be written as its
// value: tcp: 5432 is short for tcp: {port: 5432}.
func (d extensionDecoder) probe(r *project.Ready, k project.ReadyKind, f node.Field, path string) {
	r.Kind = k.Kind
	if len(k.Keys) == 1 && f.Node.Kind == node.Scalar {
		d.probeKey(r, k.Must, f, path)
		return
	}
	d.keys(f, path, k.Keys, func(f node.Field, path string) { d.probeKey(r, f.Key, f, path) })
	d.require(f, path, k.Must)
}

func (d extensionDecoder) probeKey(r *project.Ready, key string, f node.Field, path string) {
	switch key {
	case "port":
		r.Port = d.number(f, path, 1, quantity.MaxPort)
	case "path":
		text, ok := f.Node.Str()
		if !ok || !strings.HasPrefix(text, "/") {
			d.fail(f.Place(), path, "must be a path that starts with /", "")
		}
		r.Path = text
	case "status":
		r.Status = d.number(f, path, 100, 599)
	case "pattern":
		r.Pattern = d.pattern(f, path)
	}
}

func (d extensionDecoder) pattern(f node.Field, path string) string {
	text, ok := f.Node.Str()
	if !ok || text == "" {
		d.fail(f.Place(), path, "must be a regular expression", "")
		return ""
	}
	if _, err := regexp.Compile(text); err != nil {
		d.fail(f.Node.Pos, path, strings.TrimPrefix(err.Error(), "error parsing regexp: "), "use the syntax of Go regular expressions")
	}
	return text
}

func (d extensionDecoder) require(f node.Field, path, key string) {
	if f.Node.Kind == node.Mapping && f.Node.Get(key) == nil {
		d.fail(f.Pos, path, key+" is missing", "")
	}
}

// Quantity reads a number as everywhere else in the file; nil has been reported.
func (d extensionDecoder) Quantity(f node.Field, path string, kind quantity.Quantity) any {
	if f.Node.Kind != node.Scalar || f.Node.Value == nil {
		d.fail(f.Place(), path, "must be "+kind.Wanted(), kind.Hint())
		return nil
	}
	value, verdict := kind.Read(quantity.Exactly(f.Node))
	if e := misfit(f.Node, path, kind, verdict); e != nil {
		d.l.reports.fail(e)
		return nil
	}
	return value
}

func (d extensionDecoder) number(f node.Field, path string, low, high int64) int {
	n, _ := d.Quantity(f, path, quantity.Between(low, high)).(int)
	return n
}

func (d extensionDecoder) duration(f node.Field, path string) time.Duration {
	text, _ := d.Quantity(f, path, quantity.Positive{}).(string)
	length, _ := quantity.Duration(text)
	return length
}

func (d extensionDecoder) notify(f node.Field, path string) *project.Notify {
	n := &project.Notify{}
	ok := d.keys(f, path, []string{"command", "webhook"}, func(f node.Field, path string) {
		switch f.Key {
		case "command":
			n.Command = d.command(f, path)
		case "webhook":
			text, _ := f.Node.Str()
			if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				d.fail(f.Place(), path, "must be an http or https URL", "")
			}
			n.Webhook = text
		}
	})
	if ok && len(n.Command) == 0 && n.Webhook == "" {
		d.fail(f.Pos, path, "has no recipient", "give command or webhook")
	}
	return n
}

func (d extensionDecoder) command(f node.Field, path string) []string {
	var words []string
	for _, item := range f.Node.Items {
		if text, ok := item.Str(); ok {
			words = append(words, text)
		}
	}
	if len(words) == 0 || len(words) != len(f.Node.Items) {
		d.fail(f.Place(), path, "must be a list of strings", "it is run without a shell: [notify-send, muster]")
	}
	return words
}
