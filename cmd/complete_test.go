package cmd

import (
	"slices"
	"strings"
	"testing"
)

const completionFile = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true, env_file: [missing.env]}
  worker: {image: "muster-test/busybox:1", command: sleep 1000, init: true, profiles: [jobs, extra]}
  db: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
`

// TestCompletion asks as the scripts of the shells do. Files that the services
// need are not read, and services of inactive profiles are offered. Shells leave
// out what does not begin as typed.
func TestCompletion(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": completionFile, "other.yaml": "services: {other: {image: x}}"})
	h.must("-f", "other.yaml", "-p", "running", "create", "--pull", "never", "--scale", "other=0")
	h.engine.AddImages("x")
	h.must("-f", "other.yaml", "-p", "running", "up", "-d")
	for line, want := range map[string]string{
		"up |":                  "db web worker :4",
		"up web w|":             "db worker :4",
		"up web |":              "db worker :4",
		"restart db web |":      "worker :4",
		"exec |":                "db web worker :4",
		"exec web |":            ":0",
		"run |":                 "db web worker :4",
		"scale |":               "db= web= worker= :6",
		"scale web=2 |":         "db= worker= :6",
		"cp |":                  "db: web: worker: :2",
		"logs -f web d|":        "db worker :4",
		"-f other.yaml up |":    "other :4",
		"up --attach |":         "db web worker :4",
		"up --exit-code-from |": "db web worker :4",
		"--profile |":           "extra jobs :4",
		"--project-name |":      "running :4",
		"-p r|":                 "running :4",
		"--progress |":          "auto tty plain json quiet :4",
		"--ansi |":              "never always auto :4",
		"--file |":              "yaml yml :8",
		"--project-directory |": ":16",
		"ps --status |":         "paused restarting removing running dead created exited :4",
		"down --rmi |":          "local all :4",
		"kill -s |":             "SIGTERM SIGINT SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2 :4",
		"ls |":                  ":4",
		"resta|":                "restart :4",
	} {
		words, last, _ := strings.Cut(line, "|")
		args := append([]string{"__completeNoDesc"}, strings.Fields(words)...)
		if strings.HasSuffix(words, " ") || words == "" {
			args = append(args, last)
		}
		out, _, code := h.run(args...)
		if got := strings.Join(strings.Fields(out), " "); code != 0 || got != want {
			t.Errorf("%s offers %q with code %d, want %q", line, got, code, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := h.must("completion", shell); !strings.Contains(out, "muster") {
			t.Errorf("completion %s prints %q", shell, out)
		}
	}
	if out, _, _ := h.run("__complete", "resta"); !strings.Contains(out, "restart\tRestart service containers") {
		t.Errorf("with descriptions: %q", out)
	}
}

// TestCompletionWithoutProject offers nothing, and says nothing.
func TestCompletionWithoutProject(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": "services: {web: {image: [}}"})
	out, _, code := h.run("__completeNoDesc", "up", "")
	if out != ":4\n" || code != 0 {
		t.Errorf("offers %q with code %d", out, code)
	}
}

// TestCompletionOfControlCharacters: names that a file made of them do not get
// into the line that somebody types, nor do they make a name of their own.
func TestCompletionOfControlCharacters(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {image: x, profiles: ["pro\nfile", "esc\eape", fine]}
`})
	if out, _, _ := h.run("__completeNoDesc", "--profile", ""); out != "fine\n:4\n" {
		t.Errorf("offers %q", out)
	}
	if got := offered(completed{"b", "a\tb", "a\nrm", "\x1b[2J", "b", "\u202eb", "a"}); !slices.Equal(got, completed{"a", "b"}) {
		t.Errorf("offers %q", got)
	}
}
