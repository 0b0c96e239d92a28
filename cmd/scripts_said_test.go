package cmd

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Where a script runs. Its first line says it, with the reason:
//
//	# engine: both, ...      in memory, and on the real engine too: what the real one
//	                         does there is part of what is tested
//	# engine: memory, ...    in memory only: what is tested is what muster makes of
//	                         what an engine says, and the contract suite holds that
//	# engine: real, ...      on the real engine only, in the folder e2e
const (
	onBoth   = "both"
	inMemory = "memory"
	onEngine = "real"
)

// firstLine is the first line of a script.
var firstLine = regexp.MustCompile(`\A# engine: (both|memory|real), \S.*\S\n`)

// scripts are the files of all scripts, with where each runs. It fails for one
// that does not say so.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	where := map[string]string{}
	for _, dir := range []string{"testdata/script", "testdata/script/e2e"} {
		files, err := filepath.Glob(dir + "/*.txtar")
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s: %v", dir, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := firstLine.FindSubmatch(text)
			if m == nil {
				t.Errorf("%s does not begin with where it runs and why: \"# engine: both, REASON\", \"# engine: memory, REASON\" or \"# engine: real, REASON\" (scripts_said_test.go)", file)
				continue
			}
			where[file] = string(m[1])
			if (where[file] == onEngine) != strings.HasSuffix(dir, "e2e") {
				t.Errorf("%s: scripts for the real engine only belong into the folder e2e, and no others", file)
			}
		}
	}
	return where
}

// scriptsOn are the files of the scripts for such an engine. In memory run those
// for both, too.
func scriptsOn(t *testing.T, engines ...string) []string {
	t.Helper()
	if slices.Contains(engines, inMemory) {
		engines = append(engines, onBoth)
	}
	var files []string
	for file, where := range scripts(t) {
		if slices.Contains(engines, where) {
			files = append(files, file)
		}
	}
	// Those for the real engine alone take longest: they begin first.
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(strings.Count(b, "/")-strings.Count(a, "/"), strings.Compare(a, b))
	})
	return files
}

// needNoEngine are commands whose scripts need not run on the real engine.
var needNoEngine = []string{"completion", "config", "help", "version"}

// TestEveryCommandHasAScript fails when a command occurs in no script that runs
// on the real engine.
func TestEveryCommandHasAScript(t *testing.T) {
	tried, onReal := map[string]bool{}, map[string]bool{}
	// Global flags come before the command: the first word that is none, nor a
	// flag's value, is the command.
	call := regexp.MustCompile(`(?m)^(?:! |\[[^]]+\] )*(?:muster|eventually \S+)(?: (?:-p|-f|--progress|--ansi|--profile|--env-file|--project-directory) \S+| --?[a-z-]+(?:=\S+)?)* ([a-z]+)`)
	for file, where := range scripts(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllSubmatch(text, -1) {
			tried[string(m[1])] = true
			if where != inMemory {
				onReal[string(m[1])] = true
			}
		}
	}
	for _, c := range Tree(&App{}).Commands() {
		switch {
		case c.Hidden:
		case !tried[c.Name()]:
			t.Errorf("no script calls %s", c.Name())
		case !onReal[c.Name()] && !slices.Contains(needNoEngine, c.Name()):
			t.Errorf("no script that runs on the real engine calls %s", c.Name())
		}
	}
}
