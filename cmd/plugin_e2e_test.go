//go:build e2e

package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func (w *binaryWorld) installAs(folder, name string) string {
	w.Helper()
	path := filepath.Join(w.dir, folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.Link(w.binary, path); err != nil {
		w.Fatal(err)
	}
	return path
}

// Installed as plugins, the docker command line finds them and hands over.
func testPlugin(t *testing.T, w *binaryWorld) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"muster", "compose"} {
		plugin := w.installAs("cli-plugins", "docker-"+name)
		var metadata struct{ SchemaVersion, Vendor, Version string }
		if err := json.Unmarshal([]byte(w.capture(plugin, "docker-cli-plugin-metadata")), &metadata); err != nil {
			t.Fatal(err)
		}
		if metadata.SchemaVersion != "0.1.0" || metadata.Version == "" {
			t.Errorf("metadata %+v", metadata)
		}
		w.capture(docker, name, "up", "-d")
		if got := w.capture(docker, name, "ps", "--services"); got != "web\n" {
			t.Errorf("docker %s ps: %q", name, got)
		}
		c := w.command(t.Context(), docker, name, "exec", "-T", "web", "sh", "-c", "exit 7")
		if err := c.Run(); c.ProcessState.ExitCode() != 7 {
			t.Errorf("docker %s exec: %v, want exit code 7", name, err)
		}
		w.capture(docker, name, "down", "-t", "0")
	}
}

// Under the name docker-compose it is the standalone form.
func testStandalone(t *testing.T, w *binaryWorld) {
	compose := w.installAs("bin", "docker-compose")
	if got := w.capture(compose, "--version"); !strings.Contains(got, "version") {
		t.Errorf("--version: %q", got)
	}
	if got := w.capture(compose, "config", "--services"); got != "web\n" {
		t.Errorf("config --services: %q", got)
	}
	if got := w.capture(compose, "-h"); !strings.Contains(got, "Usage") {
		t.Errorf("-h: %q", got)
	}
}

// The script of `completion bash`, in a real bash, completes live names.
func testBashCompletion(t *testing.T, w *binaryWorld) {
	w.installAs("bin", "muster")
	script := `
PATH=` + filepath.Join(w.dir, "bin") + `:$PATH
source /usr/share/bash-completion/bash_completion 2>/dev/null || true
source <(muster completion bash)
complete_line() {
	COMP_WORDS=($1 ""); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMP_LINE="$1 "; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
	__start_muster
	printf '%s: ' "$1"; printf '%s\n' "${COMPREPLY[*]%% *}"
}
_get_comp_words_by_ref() { cur=; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
complete_line "muster restart"
complete_line "muster --profile"
complete_line "muster --progress"
`
	got := w.capture("bash", "-c", script)
	for _, want := range []string{"muster restart: web worker\n", "muster --profile: extra\n", "muster --progress: auto"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
