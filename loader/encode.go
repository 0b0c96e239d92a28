package loader

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// yamlMarshaler is what types of compose-go implement that are written in a
// form of their own.
type yamlMarshaler interface{ MarshalYAML() (any, error) }

// encodeNode makes a YAML node of a value by its yaml tags, as a YAML encoder
// does, but never by way of a text: encoders and parsers disagree on strings
// with leading blanks, carriage returns and the like, and a value must be
// written as it is.
func encodeNode(v reflect.Value) (*yaml.Node, error) {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return plainNode("null"), nil
	}
	switch value := v.Interface().(type) {
	case time.Time:
		return plainNode(value.Format(time.RFC3339Nano)), nil
	case yamlMarshaler:
		other, err := value.MarshalYAML()
		if err != nil {
			return nil, err
		}
		return encodeNode(reflect.ValueOf(other))
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return textNode(string(text)), err
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return encodeNode(v.Elem())
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		return n, encodeMap(n, v)
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice, reflect.Array:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			item, err := encodeNode(v.Index(i))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
		}
		return n, nil
	}
	return encodeScalar(v)
}

func encodeScalar(v reflect.Value) (*yaml.Node, error) {
	switch {
	case v.Kind() == reflect.String:
		return textNode(v.String()), nil
	case v.Kind() == reflect.Bool:
		return plainNode(strconv.FormatBool(v.Bool())), nil
	case v.CanInt():
		return plainNode(strconv.FormatInt(v.Int(), 10)), nil
	case v.CanUint():
		return plainNode(strconv.FormatUint(v.Uint(), 10)), nil
	case v.CanFloat():
		text := strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
		if special, ok := map[string]string{"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}[text]; ok {
			text = special
		}
		return plainNode(text), nil
	}
	return nil, fmt.Errorf("cannot write a value of type %s", v.Type())
}

func encodeMap(n *yaml.Node, v reflect.Value) error {
	values := make(map[string]reflect.Value, v.Len())
	for entry := v.MapRange(); entry.Next(); {
		values[entry.Key().String()] = entry.Value()
	}
	for _, key := range naturally(sortedKeys(values)) {
		value, err := encodeNode(values[key])
		if err != nil {
			return err
		}
		n.Content = append(n.Content, textNode(key), value)
	}
	return nil
}

func encodeStruct(v reflect.Value) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	var inline reflect.Value
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported() || name == "-":
			continue
		case strings.Contains(options, "inline"):
			inline = v.Field(i)
			continue
		case strings.Contains(options, "omitempty") && isEmpty(v.Field(i)):
			continue
		case name == "":
			name = strings.ToLower(field.Name)
		}
		value, err := encodeNode(v.Field(i))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, textNode(name), value)
	}
	if !inline.IsValid() {
		return n, nil
	}
	return n, encodeMap(n, inline)
}

// isEmpty reports whether omitempty leaves the value out.
func isEmpty(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() || z.IsZero()
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !isEmpty(v.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Float32, reflect.Float64:
		return v.Float() == 0
	}
	return v.IsZero()
}

func plainNode(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

func textNode(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
