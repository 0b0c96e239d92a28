package loader

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign are words of the libraries underneath, which mean nothing to whoever
// wrote the file.
var foreign = regexp.MustCompile(`(?i)strconv|mapstructure|unmarshal|expected (a |an )?(type|map|list|string)|unconvertible|unexpected value type|%!|\binterface\b|reflect|decod|ParseInt|ParseFloat|\bint64\b|map\[|time: |unsupported|invalid (syntax|value)|services\[|panic|<nil>`)

// attributePaths are the paths of everything that the specification knows.
func attributePaths(s *schema, path []string, add func([]string)) {
	if s == nil || len(path) > 9 {
		return
	}
	if len(path) > 1 {
		add(slices.Clone(path))
	}
	for _, alternative := range s.OneOf {
		attributePaths(alternative, path, add)
	}
	for _, key := range sortedKeys(s.Properties) {
		attributePaths(s.Properties[key], append(path, key), add)
	}
	for _, p := range s.patterns {
		if !strings.Contains(p.re.String(), "x-") {
			attributePaths(p.value, append(path, "k"), add)
		}
	}
	attributePaths(s.Items, append(path, "[]"), add)
}

// TestConversionErrorsAreOurs gives every attribute of the specification values
// of every kind: what is refused is refused at its own place and in words of
// this program, and nothing is passed on to what would say it in its own.
func TestConversionErrorsAreOurs(t *testing.T) {
	root, err := composeSchema()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var paths [][]string
	attributePaths(root, nil, func(path []string) {
		if name := strings.Join(path, "."); !seen[name] {
			seen[name] = true
			paths = append(paths, path)
		}
	})
	if len(paths) < 400 {
		t.Fatalf("only %d paths", len(paths))
	}
	values := []string{
		"text", `""`, "7", "1.5", "1e2", "1e30", ".nan", "true", "null", "2001-01-01", "[x]", "[1.5]", "[[x]]", "[{a: b}]", "[null]",
		"{}", "{a: b}", "{a: 1.5}", "{a: [x]}", "{a: {b: c}}", "{a: null}", "{a: 2001-01-01}", `"0o1f"`,
	}
	for _, path := range paths {
		for _, value := range values {
			file, column := fileWith(path, value)
			if msg := foreignError(file, strings.ReplaceAll(strings.Join(path, "."), ".[]", "[0]"), column); msg != "" {
				t.Errorf("%s: %s\n   says %s", strings.Join(path, "."), value, msg)
			}
		}
	}
}

// fileWith is a Compose file with a value at a path, and where a scalar stands.
func fileWith(path []string, value string) (file string, column int) {
	open, end := "", ""
	for _, elem := range path[1:] {
		if elem == "[]" {
			open, end = open+"[", "]"+end
		} else {
			open, end = open+"{"+elem+": ", "}"+end
		}
	}
	column = len(path[0]) + len(": ") + len(open) + 1
	file = path[0] + ": " + open + value + end + "\n"
	if path[0] != "services" {
		file += "services: {a: {image: busybox}}\n"
	}
	if strings.ContainsAny(value, "[{") || value == "null" {
		column = 0
	}
	return file, column
}

// foreignError is an error about the file that is not said in our words, or not
// at its place; empty if there is none.
func foreignError(file, path string, column int) string {
	_, _, err := Load(context.Background(), Input{Files: []string{"-"}, Stdin: strings.NewReader(file), WorkingDir: "/", ProjectName: "x", AllResources: true})
	var all Errors
	if err == nil || !errors.As(err, &all) {
		if err != nil {
			return err.Error()
		}
		return ""
	}
	for _, e := range all {
		if foreign.MatchString(e.Msg) || foreign.MatchString(e.Path) || e.Pos.Line == 0 || e.Pos.Column == 0 {
			return e.Error()
		}
		if e.Path == path && column > 0 && e.Pos.Column != column {
			return "at another place: " + e.Error()
		}
	}
	return ""
}
