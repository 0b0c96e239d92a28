package loader

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/musterdev/muster/project"
)

// validator checks nodes against the schema and marks those that do not fit.
type validator struct {
	s *session
	// merged says that the whole model is at hand. Only then can it be said
	// that something is missing or empty: another file may give it. Everything
	// else has been reported file by file.
	merged bool
}

// check reports whether the node fits. pos is where to point for the node.
func (v *validator) check(n *node, s *schema, path string, pos project.Position) {
	if s == nil || n.bad || n.short || n.tag == tagReset {
		return
	}
	if n.isNull() && !v.merged {
		n.empty = !s.accepts(n)
		return
	}
	if !s.accepts(n) {
		v.wrongType(n, s, path, pos)
		return
	}
	if s = s.alternative(n); s == nil {
		return
	}
	switch n.kind {
	case mapping:
		v.mapping(n, s, path, pos)
	case sequence:
		v.items(n, s, path)
	default:
		if !v.merged {
			v.value(n, s, path)
		}
	}
}

func (v *validator) wrongType(n *node, s *schema, path string, pos project.Position) {
	n.bad = true
	e := &Error{Pos: pos, Path: path, node: n}
	switch {
	case n.isNull():
		e.Msg = "is empty, it must be " + s.wanted()
		e.Hint = "give it a value or remove it"
	case n.kind == scalar:
		e.Msg = fmt.Sprintf("must be %s, not %s", s.wanted(), describe(n))
		if secretPath(path) {
			e.Msg = fmt.Sprintf("must be %s", s.wanted())
		} else if s.accepts(&node{value: ""}) {
			e.Hint = fmt.Sprintf("write %q", n.text)
			if m := attribute.FindStringSubmatch(path); m != nil && slices.Contains(durations(), m[1]) {
				e.Hint = "write " + n.text + "s for seconds"
			}
		}
	default:
		e.Msg = fmt.Sprintf("must be %s, not a %s", s.wanted(), n.kind)
	}
	v.s.fail(e)
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

func (v *validator) mapping(n *node, s *schema, path string, pos project.Position) {
	outer := v.s.at
	for _, f := range n.fields {
		child, ok := s.child(f.key)
		if ok || outer.name != "" {
			v.s.at = outer.within(f.key)
		}
		switch {
		case ok:
			v.check(f.node, child, dotted(path, f.key), f.place())
		case !v.merged:
			f.node.bad = true
			v.unknownKey(f, s, path)
		}
		v.s.at = outer
	}
	if !v.merged {
		return
	}
	for _, key := range s.Required {
		if n.get(key) == nil {
			v.s.fail(&Error{Pos: pos, Path: path, Msg: key + " is missing"})
		}
	}
}

func (v *validator) unknownKey(f field, s *schema, path string) {
	e := &Error{Pos: f.pos, Path: dotted(path, f.key), Msg: "unknown key"}
	if f.key == "" {
		e.Msg = "the name is empty"
		v.s.fail(e)
		return
	}
	if len(s.Properties) == 0 && len(s.patterns) > 0 {
		e.Msg = "invalid name"
		e.Hint = "use letters, digits, dots, hyphens and underscores"
		v.s.fail(e)
		return
	}
	e.Hint = didYouMean(f.key, sortedKeys(s.Properties))
	if root, err := composeSchema(); path == "" && err == nil {
		service := root.Defs["service"]
		switch _, isServiceKey := service.Properties[f.key]; {
		case isServiceKey:
			e.Hint = "it belongs to a service, under services:"
		case e.Hint == "" && (f.node.get("image") != nil || f.node.get("build") != nil):
			e.Hint = "services stand under services:"
		}
	}
	v.s.fail(e)
}

func (v *validator) items(n *node, s *schema, path string) {
	seen := map[string]int{}
	for i, item := range n.items {
		if item.isNull() && !item.bad && s.Items != nil && !s.Items.accepts(item) {
			v.wrongType(item, s.Items, path+indexElem(i), item.pos) // no other file can give it
			continue
		}
		v.check(item, s.Items, path+indexElem(i), item.pos)
		if text, ok := item.str(); ok && s.Unique && !v.merged && !deduplicated(path) {
			if first, dup := seen[text]; dup {
				item.bad = true
				v.s.fail(&Error{Pos: item.pos, Path: path + indexElem(i), Msg: fmt.Sprintf("repeats line %d", first)})
			}
			seen[text] = item.pos.Line
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

func (v *validator) value(n *node, s *schema, path string) {
	text, isString := n.str()
	switch {
	case isString && len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
		v.reject(n, path, fmt.Sprintf("%s is not one of %s", quoteValue(n), strings.Join(s.Enum, ", ")), didYouMean(text, s.Enum))
	case isString && s.pattern != nil && !s.pattern.MatchString(text) && !strings.HasSuffix(path, ".container_name"):
		hint := "it must match " + s.Pattern
		if words := strings.Split(strings.ReplaceAll(s.Pattern, "([0-9]+[wdhms])+", "12h"), "|"); len(words) > 2 {
			hint = didYouMean(text, words)
			if hint == "" {
				hint = "use " + strings.Join(words, ", ")
			}
		}
		v.reject(n, path, quoteValue(n)+" is not valid", hint)
	case s.Minimum != nil && number(n) < *s.Minimum:
		v.reject(n, path, fmt.Sprintf("%s is less than %v", n.text, *s.Minimum), "")
	case s.Maximum != nil && number(n) > *s.Maximum:
		v.reject(n, path, fmt.Sprintf("%s is more than %v", n.text, *s.Maximum), "")
	}
}

func (v *validator) reject(n *node, path, msg, hint string) {
	n.bad = true
	v.s.fail(&Error{Pos: n.pos, Path: path, Msg: msg, Hint: hint, node: n})
}
