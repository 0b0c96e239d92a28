package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestEveryCommandHasAScript fails when a command occurs in no script that runs
// on both engines.
func TestEveryCommandHasAScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	// Global flags come before the command: the first word that is none, nor a
	// flag's value, is the command.
	call := regexp.MustCompile(`(?m)^(?:! )?muster(?: (?:-p|-f|--progress|--ansi|--profile|--env-file|--project-directory) \S+| --?[a-z-]+(?:=\S+)?)* ([a-z]+)`)
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllSubmatch(text, -1) {
			tried[string(m[1])] = true
		}
	}
	for _, c := range Tree(&App{}).Commands() {
		if !c.Hidden && !tried[c.Name()] {
			t.Errorf("no script calls %s", c.Name())
		}
	}
}
