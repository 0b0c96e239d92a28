package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// PrintLine writes a line of text: a name, an identifier.
func PrintLine(w io.Writer, text string) error {
	_, err := fmt.Fprintln(w, Escape(text))
	return err
}

// PrintText writes text of several lines as it is, but for what could drive a
// terminal.
func PrintText(w io.Writer, text string) error {
	_, err := io.WriteString(w, EscapeText(text))
	return err
}

// NewJSONEncoder returns an encoder whose output no terminal takes for more
// than text. Readers of JSON see the same strings.
func NewJSONEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(jsonWriter{w})
	e.SetEscapeHTML(false)
	return e
}

// WriteJSON writes JSON that somebody else has encoded.
func WriteJSON(w io.Writer, text []byte) error {
	_, err := jsonWriter{w}.Write(text)
	return err
}

// jsonWriter escapes what JSON leaves as it is: control characters above 0x7e,
// and marks that change the direction of text. An encoder writes whole values.
type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(p []byte) (int, error) {
	s := string(p)
	if !strings.ContainsFunc(s, jsonDangerous) {
		return j.w.Write(p)
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if jsonDangerous(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	_, err := io.WriteString(j.w, b.String())
	return len(p), err
}

func jsonDangerous(r rune) bool { return r >= 0x7f && dangerous(r, false) }

// escaped is a row of a table with every text in it made safe.
func escaped[R any](row R) R {
	escapeFields(reflect.ValueOf(&row).Elem())
	return row
}

func escapeFields(v reflect.Value) {
	if !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(Escape(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			escapeFields(v.Field(i))
		}
	case reflect.Slice:
		items := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(items, v)
		for i := range items.Len() {
			escapeFields(items.Index(i))
		}
		v.Set(items)
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		inner := reflect.New(v.Elem().Type()).Elem()
		inner.Set(v.Elem())
		escapeFields(inner)
		v.Set(inner)
	}
}
