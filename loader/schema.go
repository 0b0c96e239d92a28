package loader

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	composeschema "github.com/compose-spec/compose-go/v2/schema"
	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
)

// schema is the part of JSON Schema that the Compose specification uses. It is
// walked along nodes, so that every violation has its place, and all of them
// are reported.
type schema struct {
	Ref        string             `json:"$ref"`
	Types      oneOrMany          `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Patterns   map[string]*schema `json:"patternProperties"`
	Additional *bool              `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	OneOf      []*schema          `json:"oneOf"`
	Enum       []string           `json:"enum"`
	Pattern    string             `json:"pattern"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
	Required   []string           `json:"required"`
	Unique     bool               `json:"uniqueItems"`
	Defs       map[string]*schema `json:"$defs"`

	patterns []keyPattern // Patterns, compiled, sorted
	pattern  *regexp.Regexp
}

type keyPattern struct {
	re    *regexp.Regexp
	value *schema
}

// oneOrMany is a string or a list of strings.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// composeSchema is compose-go's schema, decoded on first use. It is never
// written to afterwards.
var composeSchema = sync.OnceValues(func() (*schema, error) {
	root := new(schema)
	if err := json.Unmarshal([]byte(composeschema.Schema), root); err != nil {
		return nil, fmt.Errorf("decode the Compose schema: %w", err)
	}
	if err := root.link(root.Defs); err != nil {
		return nil, fmt.Errorf("compile the Compose schema: %w", err)
	}
	return root, nil
})

// link replaces references by what they refer to and compiles patterns.
func (s *schema) link(defs map[string]*schema) (err error) {
	if s == nil {
		return nil
	}
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return err
		}
	}
	for _, expr := range sortedKeys(s.Patterns) {
		re, err := regexp.Compile(expr)
		if err != nil {
			return err
		}
		s.patterns = append(s.patterns, keyPattern{re, deref(s.Patterns[expr], defs)})
	}
	children := slices.Concat(s.OneOf, []*schema{s.Items}, slices.Collect(maps.Values(s.Properties)), slices.Collect(maps.Values(s.Patterns)), slices.Collect(maps.Values(s.Defs)))
	for _, child := range children {
		if err := child.link(defs); err != nil {
			return err
		}
	}
	s.Items = deref(s.Items, defs)
	for k, v := range s.Properties {
		s.Properties[k] = deref(v, defs)
	}
	for i, v := range s.OneOf {
		s.OneOf[i] = deref(v, defs)
	}
	return nil
}

func deref(s *schema, defs map[string]*schema) *schema {
	for s != nil && s.Ref != "" {
		s = defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
	}
	return s
}

// child is the schema of a key's value; ok is false if the key is not allowed.
func (s *schema) child(key string) (child *schema, ok bool) {
	if c := s.Properties[key]; c != nil {
		return c, true
	}
	for _, p := range s.patterns {
		if p.re.MatchString(key) {
			return p.value, true
		}
	}
	return nil, s.Additional == nil || *s.Additional
}

// accepts reports whether one of the types fits the node.
func (s *schema) accepts(n *node.Node) bool {
	if len(s.Types) == 0 {
		return len(s.OneOf) == 0 || slices.ContainsFunc(s.OneOf, func(o *schema) bool { return o.accepts(n) })
	}
	if _, isDate := n.Value.(time.Time); isDate && n.Kind == node.Scalar && !slices.Contains(s.Types, "number") {
		return false // it becomes text only where any scalar does
	}
	return slices.ContainsFunc(s.Types, func(t string) bool { return isType(n, t) })
}

// alternative is the branch of a oneOf that fits the node's type, or nil.
func (s *schema) alternative(n *node.Node) *schema {
	for s != nil && len(s.OneOf) > 0 {
		i := slices.IndexFunc(s.OneOf, func(o *schema) bool { return o.accepts(n) })
		if i < 0 {
			return nil
		}
		s = s.OneOf[i]
	}
	return s
}

func isType(n *node.Node, t string) bool {
	switch n.Kind {
	case node.Mapping:
		return t == "object"
	case node.Sequence:
		return t == "array"
	}
	switch v := n.Value.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case int, int64, uint64:
		return t == "integer" || t == "number"
	case float32:
		return t == "number" || t == "integer" && float64(v) == math.Trunc(float64(v))
	case float64:
		return t == "number" || t == "integer" && v == math.Trunc(v)
	case string, time.Time, map[string]any: // a short form that was made long
		return t == "string"
	}
	return false
}

// wanted describes the types that the schema takes: "a mapping or a string".
func (s *schema) wanted() string {
	var types []string
	var collect func(*schema)
	collect = func(s *schema) {
		types = append(types, s.Types...)
		for _, o := range s.OneOf {
			collect(o)
		}
	}
	collect(s)
	words := map[string]string{
		"object": "a mapping", "array": "a list", "string": "a string", "boolean": "true or false",
		"integer": "an integer", "number": "a number",
	}
	var names []string
	for _, t := range types {
		if w := words[t]; w != "" && !slices.Contains(names, w) {
			names = append(names, w)
		}
	}
	if i := slices.Index(names, "an integer"); i >= 0 && slices.Contains(names, "a number") {
		names = slices.Delete(names, i, i+1)
	}
	return hint.OrList(names)
}
