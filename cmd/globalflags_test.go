package cmd

import (
	"slices"
	"strings"
	"testing"
)

// TestJoinValues: the values of global flags are those that pflag takes, whatever
// they begin with; what stands after the command's name, or is no flag, stays.
func TestJoinValues(t *testing.T) {
	for line, want := range map[string]string{
		"--parallel -1 ps -a":            "--parallel=-1 ps -a",
		"-p x --parallel -5 ps":          "--project-name=x --parallel=-5 ps",
		"--parallel=-1 ps":               "--parallel=-1 ps",
		"-p -f ps":                       "--project-name=-f ps",
		"-p=-f ps":                       "-p=-f ps",
		"-vf -x ps":                      "-v --file=-x ps",
		"-f- up":                         "-f- up",
		"-f - up":                        "--file=- up",
		"--env-file --dry-run ps":        "--env-file=--dry-run ps",
		"--dry-run --file --x up":        "--dry-run --file=--x up",
		"--dry-run=false up -t -1 web":   "--dry-run=false up -t -1 web",
		"--nope -1 ps":                   "--nope -1 ps",
		"-z -1 ps":                       "-z -1 ps",
		"--parallel":                     "--parallel",
		"--ansi never -- ps":             "--ansi=never -- ps",
		"- -p x":                         "- -p x",
		"__complete --parallel -1 ps we": "__complete --parallel=-1 ps we",
		"__complete --file x":            "__complete --file x",
		"run --parallel -1":              "run --parallel -1",
	} {
		if got := joinValues(Tree(&App{}), strings.Fields(line)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("muster %s: %q, want %s", line, got, want)
		}
	}
	if got := joinValues(Tree(&App{}), []string{"-p", "", "ps"}); !slices.Equal(got, []string{"--project-name=", "ps"}) {
		t.Errorf("an empty name: %q", got)
	}
}

// TestDashedValues: a command is found behind global flags with such values.
func TestDashedValues(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": refusalsFile, "-f.yaml": refusalsFile, "-x": "A=1"})
	for _, line := range []string{
		"--parallel -1 ps", "--parallel -5 ps", "-p x --parallel -5 ps", "--parallel -1 -p x ps", "--parallel -1 config --services",
		"-f -f.yaml ps", "--file -f.yaml config -q", "--env-file -x ps", "--dry-run --parallel -1 up",
	} {
		h.must(strings.Fields(line)...)
	}
}
