package loader

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuildsKnowWhatTheyStandOn: another service's image is a base whichever way
// a build names it, and whether or not its service is active.
func TestBuildsKnowWhatTheyStandOn(t *testing.T) {
	for _, tc := range []struct{ name, build, want string }{
		{"context", `{dockerfile_inline: "FROM x", additional_contexts: {x: "service:ground"}}`, "[ground]"},
		{"FROM", `{dockerfile_inline: "FROM reg/ground:2"}`, "[ground]"},
		{"FROM in full", `{dockerfile_inline: "FROM docker.io/reg/ground:2"}`, "[ground]"},
		{"FROM an argument", `{dockerfile_inline: "ARG B\nFROM $$B", args: {B: "demo-sleeping"}}`, "[sleeping]"},
		{"FROM an argument of the environment", `{dockerfile_inline: "ARG BASE=x\nFROM $${BASE}", args: [BASE]}`, "[ground]"},
		{"an implied tag", `{dockerfile_inline: "FROM scratch\nCOPY --from=demo-sleeping:latest / /"}`, "[sleeping]"},
		{"an image as context", `{dockerfile_inline: "FROM x", additional_contexts: {x: "docker-image://reg/ground:2"}}`, "[ground]"},
		{"a context hides an image", `{dockerfile_inline: "FROM reg/ground:2", additional_contexts: {"reg/ground:2": "docker-image://alpine"}}`, "[]"},
		{"a stage hides an image", `{dockerfile_inline: "FROM alpine AS demo-sleeping\nFROM demo-sleeping"}`, "[]"},
		{"another target", `{dockerfile_inline: "FROM reg/ground:2 AS dev\nFROM alpine AS prod", target: prod}`, "[]"},
		{"another tag", `{dockerfile_inline: "FROM reg/ground:3"}`, "[]"},
		{"a file", `{context: ./sub}`, "[ground sleeping]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			write("sub/Dockerfile", "FROM reg/ground:2\nCOPY --from=demo-sleeping / /\n")
			write("compose.yaml", strings.ReplaceAll(`services:
  app: {build: BUILD}
  ground: {image: "reg/ground:2", build: .}
  sleeping: {build: ., profiles: [never]}
`, "BUILD", tc.build))
			p, _, err := Load(context.Background(), Input{WorkingDir: dir, ProjectName: "demo", Env: []string{"BASE=reg/ground:2"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(p.Service("app").BuildsOn); got != tc.want {
				t.Errorf("builds on %s, want %s", got, tc.want)
			}
			oneOff, err := RunProject(t.Context(), p, "app", OneOff{User: "somebody"})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(oneOff.Service("app").BuildsOn); got != tc.want {
				t.Errorf("a one-off container's image builds on %s, want %s", got, tc.want)
			}
		})
	}
}
