package loader

import (
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// entry is a top-level element of a Compose file: a value, or a section whose
// elements are written one at a time.
type entry struct {
	key     string
	section bool
	names   []string // of a section's elements
	value   func(name string) (*yaml.Node, error)
}

// modelEntries are what Render writes of a project.
func modelEntries(p *project.Project) []entry {
	model := selection(p)
	var all []entry
	v := reflect.ValueOf(model).Elem()
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		field := v.Field(i)
		switch {
		case name == "-" || strings.Contains(options, "omitempty") && isEmpty(field):
		case strings.Contains(options, "inline"):
			all = append(all, mapEntries(model.Extensions)...)
		case field.Type() == reflect.TypeFor[types.Services]():
			all = append(all, section(name, sortedKeys(model.Services), func(service string) any { return renderable(p.Service(service), p) }))
		case field.Kind() == reflect.Map:
			all = append(all, section(name, namesOf(field), func(element string) any { return field.MapIndex(reflect.ValueOf(element)).Interface() }))
		default:
			all = append(all, entry{key: name, value: func(string) (*yaml.Node, error) { return encodeNode(field) }})
		}
	}
	return all
}

// mapEntries are those of a model that is not decoded.
func mapEntries(model map[string]any) []entry {
	var all []entry
	for _, key := range naturally(sortedKeys(model)) {
		if elements, ok := model[key].(map[string]any); ok {
			all = append(all, section(key, sortedKeys(elements), func(name string) any { return elements[name] }))
			continue
		}
		all = append(all, entry{key: key, value: func(string) (*yaml.Node, error) { return encodeNode(reflect.ValueOf(model[key])) }})
	}
	return all
}

func namesOf(elements reflect.Value) []string {
	names := make([]string, 0, elements.Len())
	for _, key := range elements.MapKeys() {
		names = append(names, key.String())
	}
	slices.Sort(names)
	return names
}

// section is an entry of elements; value is asked for one of them at a time.
func section(key string, names []string, value func(name string) any) entry {
	return entry{key: key, section: true, names: naturally(names), value: func(name string) (*yaml.Node, error) {
		return encodeNode(reflect.ValueOf(value(name)))
	}}
}

// each calls f with every part in which the entry is written, each a document
// with all that is around it.
func (e entry) each(f func(name string, doc *yaml.Node) error) error {
	if e.section && len(e.names) == 0 {
		return f("", within(e.key, &yaml.Node{Kind: yaml.MappingNode}))
	}
	if !e.section {
		value, err := e.value("")
		if err != nil {
			return err
		}
		return f("", within(e.key, value))
	}
	for _, name := range e.names {
		value, err := e.value(name)
		if err != nil {
			return err
		}
		if err := f(name, within(e.key, within(name, value))); err != nil {
			return err
		}
	}
	return nil
}

func within(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{textNode(key), value}}
}
