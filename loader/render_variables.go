package loader

import (
	"bytes"
	"encoding/json"
	"reflect"

	"gopkg.in/yaml.v3"
)

// variableEntry is a variable as programs read it, with the names of Docker Compose.
type variableEntry struct {
	Name          string
	DefaultValue  string
	PresenceValue string
	Required      bool
	Source        string   // where its value comes from; empty is nowhere
	Beaten        []string // where else it is set, without effect
}

// RenderVariables writes variables by their names, in their order.
func RenderVariables(all []VariableInfo, format Format) ([]byte, error) {
	entries := map[string]variableEntry{}
	for _, v := range all {
		e := variableEntry{
			Name: v.Name, DefaultValue: v.Default, PresenceValue: v.Presence, Required: v.Required, Source: v.From(), Beaten: []string{},
		}
		for _, p := range v.Beaten {
			e.Beaten = append(e.Beaten, p.String())
		}
		entries[v.Name] = e
	}
	var out bytes.Buffer
	if format == YAML {
		n, err := encodeNode(reflect.ValueOf(entries))
		if err != nil {
			return nil, err
		}
		dress(n)
		err = yaml.NewEncoder(&out).Encode(n)
		return withoutMarks(out.Bytes()), err
	}
	err := json.NewEncoder(&out).Encode(entries)
	return out.Bytes(), err
}

// From is where the value comes from: environment, a file with its line, or empty.
func (v VariableInfo) From() string {
	switch {
	case !v.Set:
		return ""
	case v.Source.IsZero():
		return "environment"
	}
	return v.Source.String()
}
