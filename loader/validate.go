package loader

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/project"
)

// validator checks nodes against the schema and marks those that do not fit.
type validator struct {
	l *loader
	// merged says that the whole model is at hand. Only then can it be said
	// that something is missing or empty: another file may give it. Everything
	// else has been reported file by file.
	merged bool
}

// check reports whether the node fits. pos is where to point for the node.
func (v *validator) check(n *node.Node, s *schema, path string, pos project.Position) {
	if s == nil || n.Bad || n.Short || n.Tag == node.TagReset {
		return
	}
	if n.IsNull() && !v.merged {
		n.Empty = !s.accepts(n)
		return
	}
	if !s.accepts(n) {
		v.wrongType(n, s, path, pos)
		return
	}
	if s = s.alternative(n); s == nil {
		return
	}
	switch n.Kind {
	case node.Mapping:
		v.mapping(n, s, path, pos)
	case node.Sequence:
		v.items(n, s, path)
	default:
		if !v.merged {
			v.value(n, s, path)
		}
	}
}

func (v *validator) wrongType(n *node.Node, s *schema, path string, pos project.Position) {
	n.Bad = true
	e := &Error{Pos: pos, Path: path, node: n}
	switch {
	case n.IsNull():
		e.Msg = "is empty, it must be " + s.wanted()
		e.Hint = "give it a value or remove it"
	case n.Kind == node.Scalar:
		e.Msg = fmt.Sprintf("must be %s, not %s", s.wanted(), node.Describe(n))
		if secretPath(path) {
			e.Msg = fmt.Sprintf("must be %s", s.wanted())
		} else if s.accepts(&node.Node{Value: ""}) {
			e.Hint = fmt.Sprintf("write %q", n.Text)
			if m := attribute.FindStringSubmatch(path); m != nil && slices.Contains(durations(), m[1]) {
				e.Hint = "write " + n.Text + "s for seconds"
			}
		}
	default:
		e.Msg = fmt.Sprintf("must be %s, not a %s", s.wanted(), n.Kind)
	}
	v.l.reports.fail(e)
}

// secretPath reports whether values at the path may be secret even though they
// are written in the file: they are not quoted.
func secretPath(path string) bool {
	return strings.Contains(path, ".environment") || strings.Contains(path, ".args") || strings.HasPrefix(path, "secrets.") || strings.HasSuffix(path, ".content")
}

// durations are the attributes whose value needs a unit.
func durations() []string {
	return []string{"stop_grace_period", "interval", "timeout", "start_period", "start_interval", "delay", "window", "monitor"}
}

func (v *validator) mapping(n *node.Node, s *schema, path string, pos project.Position) {
	outer := v.l.reports.at
	for _, f := range n.Fields {
		child, ok := s.child(f.Key)
		if ok || outer.Name != "" {
			v.l.reports.at = outer.Within(f.Key)
		}
		switch {
		case ok:
			v.check(f.Node, child, node.Dotted(path, f.Key), f.Place())
		case !v.merged:
			f.Node.Bad = true
			v.unknownKey(f, s, path)
		}
		v.l.reports.at = outer
	}
	if !v.merged {
		return
	}
	for _, key := range s.Required {
		if n.Get(key) == nil {
			v.l.reports.fail(&Error{Pos: pos, Path: path, Msg: key + " is missing"})
		}
	}
}

func (v *validator) unknownKey(f node.Field, s *schema, path string) {
	e := &Error{Pos: f.Pos, Path: node.Dotted(path, f.Key), Msg: "unknown key"}
	if f.Key == "" {
		e.Msg = "the name is empty"
		v.l.reports.fail(e)
		return
	}
	if len(s.Properties) == 0 && len(s.patterns) > 0 {
		e.Msg = "invalid name"
		e.Hint = "use letters, digits, dots, hyphens and underscores"
		v.l.reports.fail(e)
		return
	}
	e.Hint = hint.DidYouMean(f.Key, sortedKeys(s.Properties))
	if root, err := composeSchema(); path == "" && err == nil {
		service := root.Defs["service"]
		switch _, isServiceKey := service.Properties[f.Key]; {
		case isServiceKey:
			e.Hint = "it belongs to a service, under services:"
		case e.Hint == "" && (f.Node.Get("image") != nil || f.Node.Get("build") != nil):
			e.Hint = "services belong under services:"
		}
	}
	v.l.reports.fail(e)
}

func (v *validator) items(n *node.Node, s *schema, path string) {
	seen := map[string]int{}
	for i, item := range n.Items {
		if item.IsNull() && !item.Bad && s.Items != nil && !s.Items.accepts(item) {
			v.wrongType(item, s.Items, path+node.IndexElem(i), item.Pos) // no other file can give it
			continue
		}
		v.check(item, s.Items, path+node.IndexElem(i), item.Pos)
		if text, ok := item.Str(); ok && s.Unique && !v.merged && !deduplicated(path) {
			if first, dup := seen[text]; dup {
				item.Bad = true
				v.l.reports.fail(&Error{Pos: item.Pos, Path: path + node.IndexElem(i), Msg: fmt.Sprintf("repeats line %d", first)})
			}
			seen[text] = item.Pos.Line
		}
	}
}

var attribute = regexp.MustCompile(`\.([a-z_]+)$`)

// deduplicated reports whether repetitions in the list mean nothing: compose-go
// drops them.
func deduplicated(path string) bool {
	m := attribute.FindStringSubmatch(path)
	return m != nil && slices.Contains([]string{
		"annotations", "args", "additional_contexts", "tags", "labels", "cap_add", "cap_drop", "devices", "configs",
		"dns", "dns_opt", "dns_search", "environment", "env_file", "expose", "links", "aliases", "link_local_ips",
		"ports", "profiles", "secrets", "sysctls", "tmpfs", "volumes", "extra_hosts",
	}, m[1])
}

func (v *validator) value(n *node.Node, s *schema, path string) {
	text, isString := n.Str()
	switch {
	case isString && len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
		v.reject(n, path, fmt.Sprintf("%s is not one of %s", node.QuoteValue(n), strings.Join(s.Enum, ", ")), hint.DidYouMean(text, s.Enum))
	case isString && s.pattern != nil && !s.pattern.MatchString(text) && !strings.HasSuffix(path, ".container_name"):
		usage := "it must match " + s.Pattern
		if words := strings.Split(strings.ReplaceAll(s.Pattern, "([0-9]+[wdhms])+", "12h"), "|"); len(words) > 2 {
			usage = cmp.Or(hint.DidYouMean(text, words), "use "+strings.Join(words, ", "))
		}
		v.reject(n, path, node.QuoteValue(n)+" is not valid", usage)
	case s.Minimum != nil && node.Number(n) < *s.Minimum:
		v.reject(n, path, fmt.Sprintf("%s is less than %v", n.Text, *s.Minimum), "")
	case s.Maximum != nil && node.Number(n) > *s.Maximum:
		v.reject(n, path, fmt.Sprintf("%s is more than %v", n.Text, *s.Maximum), "")
	}
}

func (v *validator) reject(n *node.Node, path, msg, hint string) {
	n.Bad = true
	v.l.reports.fail(&Error{Pos: n.Pos, Path: path, Msg: msg, Hint: hint, node: n})
}
