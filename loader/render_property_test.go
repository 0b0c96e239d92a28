package loader_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// texts are strings that writers and readers of YAML and JSON have stumbled
// over: blanks and empty lines at every end, every kind of line break, control
// characters, marks of documents, what looks like a number, and long lines.
func texts() *rapid.Generator[string] {
	pieces := rapid.SampledFrom([]string{
		"\n", "\n\n", " ", "  ", "        ", "\t", "\r", "\r\n", "\u0085", "\u2028", "\u2029", "\ufeff", "\ufffd", "\u200b", "\u202e", "😀", "é",
		"\x01", "\x07", "\x1b[2J", "\x7f", "\u009b", "a", "word", "two words", "---", "...", "- ", "? ", ": ", ":", " #", "#", "|", "|-", ">", "&a", "*a", "!x", "%",
		"@", "`", "{", "}", "[", "]", ",", "'", "\"", "\\", "\\n", "$", "${X}", "$$", "~", "null", "yes", "No", "0o17", "0x1f", "1e3", ".inf", "1:30", "-0", "<<", "=", "2001-01-01",
		"echo a\n  echo b\n", "\n  if true; then\n    x\n  fi\n", "    deep\nless\n",
	})
	joined := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(pieces, 0, 6).Draw(t, "pieces"), "") })
	long := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(pieces.Draw(t, "piece"), 1<<rapid.IntRange(8, 12).Draw(t, "times"))
	})
	arbitrary := rapid.StringN(0, 40, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
	return rapid.OneOf(joined, joined, arbitrary, long)
}

// spelled is the text in a form that leaves a reader no choice.
func spelled(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, `\U%08x`, r)
	}
	return `"` + b.String() + `"`
}

// TestConfigKeepsEveryText puts random strings into many places of a file: what
// is written is read back as the same project, and the JSON says what the
// model says.
func TestConfigKeepsEveryText(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var s [8]string
		for i := range s {
			s[i] = texts().Draw(t, fmt.Sprint("text ", i))
		}
		key := rapid.StringN(1, 30, 200).Filter(func(s string) bool { return !strings.ContainsAny(s, "\x00=") }).Draw(t, "key")
		value := func(s string) string { return spelled(strings.ReplaceAll(s, "$", "$$")) }
		file := "name: t\nservices:\n  a:\n    image: busybox\n    command: [sh, -c, " + value(s[0]) + "]\n    environment: {E: " + value(s[1]) + "}\n" +
			"    labels: {" + spelled("l."+key) + ": " + value(s[2]) + "}\n    healthcheck: {test: [CMD-SHELL, " + value(s[3]) + "]}\n    configs: [c]\n" +
			"    x-own: [" + value(s[4]) + ", {" + spelled(key) + ": " + value(s[5]) + "}]\nconfigs: {c: {content: " + value(s[6]) + "}}\nx-all: " + value(s[7]) + "\n"
		p := loadText(t, dir, []byte(file))
		written := renderText(t, p, loader.YAML)
		for _, format := range []loader.Format{loader.YAML, loader.JSON} {
			text := renderText(t, p, format)
			back := loadText(t, dir, text)
			if got := renderText(t, back, loader.YAML); !bytes.Equal(got, written) {
				t.Errorf("read back from %s:\n%s\nwritten first:\n%s", format, got, written)
			}
			if got, want := back.Service("a"), p.Service("a"); got.Hash != want.Hash || !reflect.DeepEqual(got.Spec, want.Spec) {
				t.Errorf("read back from %s:\n%#v\nwas\n%#v", format, got.Spec, want.Spec)
			}
		}
		checkJSON(t, renderText(t, p, loader.JSON), key, s)
	})
}

// checkJSON compares what another reader of JSON makes of the output with the texts.
func checkJSON(t *rapid.T, text []byte, key string, s [8]string) {
	var model struct {
		Services map[string]struct {
			Command     []string          `json:"command"`
			Environment map[string]string `json:"environment"`
			Labels      map[string]string `json:"labels"`
			Healthcheck struct{ Test []string }
			Own         []any `json:"x-own"`
		}
		Configs map[string]struct{ Content string }
		All     string `json:"x-all"`
	}
	if err := json.Unmarshal(text, &model); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	a := model.Services["a"]
	entry, _ := a.Own[1].(map[string]any)
	got := []any{a.Command[2], a.Environment["E"], a.Labels["l."+key], a.Healthcheck.Test[1], a.Own[0], entry[key], model.Configs["c"].Content, model.All}
	for i, g := range got {
		if want := strings.ReplaceAll(s[i], "$", "$$"); g != want {
			t.Errorf("text %d is %q, want %q", i, g, want)
		}
	}
}

func loadText(t *rapid.T, dir string, text []byte) *project.Project {
	p, _, err := loader.Load(context.Background(), loader.Input{Files: []string{"-"}, Stdin: bytes.NewReader(text), WorkingDir: dir})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

func renderText(t *rapid.T, p *project.Project, format loader.Format) []byte {
	var out bytes.Buffer
	if _, err := loader.Render(&out, p, loader.RenderOptions{Format: format}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
