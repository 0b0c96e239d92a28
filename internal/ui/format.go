package ui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"text/template"
	"unicode"
)

// Table is what `--format` chooses a view of: rows as people see them, as JSON
// and as input of Go templates.
type Table[R any] struct {
	// Header is a row that holds the column titles, for `table TEMPLATE`.
	Header R
	// Columns is the template of the default view, fields separated by tabs.
	Columns string
	// MinWidth is the least width of a column, padding included.
	MinWidth int
	Rows     []R
	// Array makes JSON one array instead of one object per line.
	Array bool
	// Raw is the template of the format "raw"; empty if there is none.
	Raw string
}

// Print writes the table in a format: "table" or "" for columns, "table
// TEMPLATE" for columns of one's own, "json", or a Go template that is executed
// once per row.
func (t Table[R]) Print(w io.Writer, format string) error {
	format = unescapeFormat(strings.TrimSpace(format))
	if format == "{{json.}}" { // an old name of it
		format = "json"
	}
	custom, isTable := strings.CutPrefix(format, "table ")
	switch {
	case format == "" || format == "table" || format == "pretty":
		return t.columns(w, t.Columns)
	case isTable:
		return t.columns(w, strings.TrimSpace(custom))
	case format == "json" || format == "{{json .}}":
		return t.json(w, format != "json" || !t.Array)
	case format == "raw" && t.Raw != "":
		return t.template(w, t.Raw)
	case !strings.Contains(format, "{{"):
		return fmt.Errorf("format value %q could not be parsed: use table, json or a template such as {{.Name}}", format)
	}
	return t.template(w, format)
}

func (t Table[R]) columns(w io.Writer, format string) error {
	tmpl, err := parseFormat(format)
	if err != nil {
		return err
	}
	tab := tabwriter.NewWriter(w, t.MinWidth, 1, 3, ' ', 0)
	for _, row := range append([]R{t.Header}, t.Rows...) {
		if err := tmpl.Execute(tab, escaped(row)); err != nil {
			return fmt.Errorf("format %q: %w", format, err)
		}
		if _, err := tab.Write([]byte{'\n'}); err != nil {
			return err
		}
	}
	return tab.Flush()
}

func (t Table[R]) template(w io.Writer, format string) error {
	tmpl, err := parseFormat(format)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, row := range t.Rows {
		if err := tmpl.Execute(&b, escaped(row)); err != nil {
			return fmt.Errorf("format %q: %w", format, err)
		}
		b.WriteByte('\n')
	}
	_, err = w.Write(b.Bytes())
	return err
}

func (t Table[R]) json(w io.Writer, lines bool) error {
	e := NewJSONEncoder(w)
	if !lines {
		rows := t.Rows
		if rows == nil {
			rows = []R{}
		}
		return e.Encode(rows)
	}
	for _, r := range t.Rows {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func parseFormat(format string) (*template.Template, error) {
	tmpl, err := template.New("").Funcs(formatFuncs()).Parse(format)
	if err != nil {
		return nil, fmt.Errorf("format value %q could not be parsed: %s", format, strings.TrimPrefix(err.Error(), "template: "))
	}
	return tmpl, nil
}

// formatFuncs are the functions that the Docker CLI offers to formats.
func formatFuncs() template.FuncMap {
	return template.FuncMap{
		"json": func(v any) (string, error) {
			var b bytes.Buffer
			err := NewJSONEncoder(&b).Encode(v)
			return strings.TrimSpace(b.String()), err
		},
		"split": strings.Split,
		"join":  strings.Join,
		"title": func(s string) string {
			r := []rune(s)
			if len(r) > 0 {
				r[0] = unicode.ToUpper(r[0])
			}
			return string(r)
		},
		"lower": strings.ToLower,
		"upper": strings.ToUpper,
		"pad": func(s string, before, after int) string {
			if s == "" {
				return s
			}
			return strings.Repeat(" ", max(0, before)) + s + strings.Repeat(" ", max(0, after))
		},
		"truncate": func(s string, n int) string {
			r := []rune(s)
			return string(r[:max(0, min(n, len(r)))])
		},
		"println": fmt.Sprintln,
	}
}

// unescapeFormat turns a written \t or \n into the character.
func unescapeFormat(s string) string {
	return strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(s)
}
