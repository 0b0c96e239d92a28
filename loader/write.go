package loader

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document writes entries, one part after the other.
type document struct {
	format Format
	finish func(doc *yaml.Node)                         // the last changes to a part
	fill   func(section string, element map[string]any) // what only JSON has
}

func (d *document) write(w io.Writer, entries []entry) error {
	out := bufio.NewWriterSize(w, 64<<10)
	write := d.yaml
	if d.format == JSON {
		write = d.json
	}
	if err := write(out, entries); err != nil {
		return err
	}
	return out.Flush()
}

// encoderNodes is how much one encoder writes: it remembers all of it, and a
// new one costs as much as some thousand nodes.
const encoderNodes = 4096

func (d *document) yaml(w *bufio.Writer, entries []entry) error {
	if len(entries) == 0 {
		_, err := w.WriteString("{}\n")
		return err
	}
	var buf bytes.Buffer
	var enc *yaml.Encoder
	written := encoderNodes
	for _, e := range entries {
		first := true
		err := e.each(func(_ string, doc *yaml.Node) error {
			d.finish(doc)
			dress(doc)
			buf.Reset()
			if written += count(doc); written >= encoderNodes {
				enc, written = yaml.NewEncoder(&buf), 0
				enc.SetIndent(2)
			}
			if err := enc.Encode(doc); err != nil {
				return err
			}
			text := bytes.TrimPrefix(buf.Bytes(), []byte("---\n"))
			if !first { // the line with the section's name stands there
				_, text, _ = bytes.Cut(text, []byte("\n"))
			}
			first = false
			_, err := w.Write(withoutMarks(text))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func count(n *yaml.Node) int {
	nodes := 1
	for _, child := range n.Content {
		nodes += count(child)
	}
	return nodes
}

func (d *document) json(w *bufio.Writer, entries []entry) error {
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	open := "{\n  "
	for _, e := range entries {
		slices.Sort(e.names)
		w.WriteString(open)
		open = ",\n  "
		if err := d.jsonEntry(w, e); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		w.WriteString("{")
	}
	_, err := w.WriteString("\n}\n")
	return err
}

func (d *document) jsonEntry(w *bufio.Writer, e entry) error {
	if err := writeJSON(w, e.key, ""); err != nil {
		return err
	}
	w.WriteString(": ")
	open := "{\n    "
	err := e.each(func(name string, doc *yaml.Node) error {
		d.finish(doc)
		value := doc.Content[1]
		if name == "" {
			return d.jsonValue(w, e.key, value, "  ")
		}
		w.WriteString(open)
		open = ",\n    "
		if err := writeJSON(w, name, ""); err != nil {
			return err
		}
		w.WriteString(": ")
		return d.jsonValue(w, e.key, value.Content[1], "    ")
	})
	if err == nil && len(e.names) > 0 {
		_, err = w.WriteString("\n  }")
	}
	return err
}

func (d *document) jsonValue(w *bufio.Writer, section string, n *yaml.Node, indent string) error {
	numbersOfJSON(n)
	var value any
	if err := n.Decode(&value); err != nil {
		return err
	}
	if element, ok := value.(map[string]any); ok && indent == "    " {
		d.fill(section, element)
	}
	return writeJSON(w, value, indent)
}

// numbersOfJSON makes strings of the numbers that JSON does not have.
func numbersOfJSON(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "" && slices.Contains([]string{".inf", "-.inf", ".nan"}, n.Value) {
		n.Tag = "!!str"
	}
	for _, child := range n.Content {
		numbersOfJSON(child)
	}
}

// writeJSON writes a value as JSON that is YAML as well, which does not take
// every character as it is.
func writeJSON(w *bufio.Writer, value any, indent string) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent(indent, "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return err
	}
	text := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	for rest := string(text); rest != ""; {
		at := strings.IndexFunc(rest, unprintable)
		if at < 0 {
			_, err := w.WriteString(rest)
			return err
		}
		r, n := utf8.DecodeRuneInString(rest[at:])
		fmt.Fprintf(w, "%s\\u%04x", rest[:at], r)
		rest = rest[at+n:]
	}
	return nil
}
