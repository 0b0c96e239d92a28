package loader

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"
)

// TestMutations puts values of every kind in the place of every element of the
// valid files, one at a time. Whatever is wrong then is found by the checks,
// with its line, before compose-go stumbles over it.
func TestMutations(t *testing.T) {
	values := []string{"null", "-1.5", "x", `""`, "[]", "[null]", "[{a: b}]", "{a: null}"}
	paths, err := filepath.Glob(filepath.Join("testdata", "valid", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if !strings.HasSuffix(file.Name, ".yaml") || strings.HasPrefix(file.Name, "want") {
				continue
			}
			t.Run(filepath.Base(path)+"/"+file.Name, func(t *testing.T) {
				t.Parallel()
				mutations(t, file.Data, values)
			})
		}
	}
}

func mutations(t *testing.T, text []byte, values []string) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var elements []*yaml.Node
	var collect func(*yaml.Node)
	collect = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				elements = append(elements, child)
			}
			collect(child)
		}
	}
	collect(doc.Content[0])
	for _, e := range elements {
		kept := *e
		for _, v := range values {
			var value yaml.Node
			if err := yaml.Unmarshal([]byte(v), &value); err != nil {
				t.Fatal(err)
			}
			*e = *value.Content[0]
			e.Style, e.Anchor = value.Content[0].Style, kept.Anchor
			out, err := yaml.Marshal(&doc)
			if err != nil {
				continue // an alias that now stands before its anchor
			}
			_, _, err = Load(context.Background(), Input{
				Files: []string{"-"}, Stdin: strings.NewReader(string(out)), WorkingDir: "/nowhere", ProjectName: "m", AllProfiles: true, AllResources: true,
			})
			if err == nil {
				continue
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if strings.Contains(line, "interface conversion") || strings.Contains(line, "runtime error") || !strings.HasPrefix(line, "-:") && !strings.Contains(line, "no such file") {
					t.Errorf("line %d as %s: %s", kept.Line, v, line)
				}
			}
		}
		*e = kept
	}
}
