package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
)

const lookupFile = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
`

// TestFileFromStandardInput: a file that comes from there is read for the project's
// name, and again for its services.
func TestFileFromStandardInput(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": lookupFile})
	h.must("up", "-d")
	for _, c := range []struct {
		line string
		code int
	}{
		{"top later", 0}, {"stats --no-stream later", 0}, {"images later", 0}, {"ps later", 0}, {"top web", 0}, {"top nope", 1},
	} {
		var out, errs bytes.Buffer
		app := &App{
			In:  strings.NewReader("name: shop\nservices: {web: {image: x}, later: {image: x}}\n"),
			Out: &out, Err: &errs, Env: h.env, Dir: h.dir, LockDir: filepath.Join(h.dir, ".locks"),
			Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
		}
		if code := Main(app, append([]string{"-f", "-"}, strings.Fields(c.line)...)); code != c.code {
			t.Errorf("muster -f - %s ends with code %d, want %d\n%s%s", c.line, code, c.code, out.String(), errs.String())
		}
	}
}

// TestLookup: how each class of commands finds its project, by section 5 of the
// reference. The containers of shop are there; the folder's file may be another's.
func TestLookup(t *testing.T) {
	const broken = "services: {web: {image: [}}"
	for _, c := range []struct {
		name, file string // file replaces compose.yaml; "-" removes it
		env        []string
		line       string
		code       int
		out        string // part of what is printed, on either stream
	}{
		{"by the file", lookupFile, nil, "ps -q", 0, ""},
		{"the file is needed", "-", nil, "up -d", 1, "no configuration file provided: not found"},
		{"with a name too", "-", nil, "-p shop up -d", 1, "no configuration file provided: not found"},
		{"a profile that no service has", lookupFile, nil, "--profile nope ps", 0, "--profile nope: no service has this profile"},
		{"no file, no name", "-", nil, "ps", 1, "no configuration file provided: not found"},
		{"no file, but a name", "-", nil, "-p shop ps --format {{.Name}}", 0, "shop-web-1"},
		{"names are lower case", "-", nil, "-p SHOP ps --format {{.Name}}", 0, "shop-web-1"},
		{"with a name, a broken file is not read", broken, nil, "-p shop ps --format {{.Name}}", 0, "shop-web-1"},
		{"with a name, services of containers count", "services: {other: {image: x}}", nil, "-p shop stop web", 0, "shop-web-1 Stopped"},
		{"with a name and a file, the file counts", "services: {other: {image: x}}", nil, "-f compose.yaml -p shop stop web", 1, "no such service: web"},
		{"COMPOSE_FILE does not count beside a name", broken, []string{"COMPOSE_FILE=compose.yaml"}, "-p shop ps --format {{.Name}}", 0, "shop-web-1"},
		{"a broken file is an error", broken, nil, "ps", 1, "compose.yaml:1:"},
		{"a broken file is an error that says how to do without", broken, nil, "down", 1, "use -p NAME without -f"},
		{"unless the environment names the project", broken, []string{"COMPOSE_PROJECT_NAME=shop"}, "ps --format {{.Name}}", 0, "shop-web-1"},
		{"no file, but the environment", "-", []string{"COMPOSE_PROJECT_NAME=shop"}, "ps --format {{.Name}}", 0, "shop-web-1"},
		{"up needs the file even so", broken, []string{"COMPOSE_PROJECT_NAME=shop"}, "up -d", 1, "compose.yaml:1:"},
		{"the name alone, from the file", "name: shop\nservices: {other: {image: x}}", nil, "exec web echo hi", 0, "hi"},
		{"the name alone, from the flag", "-", nil, "-p shop exec web echo hi", 0, "hi"},
		{"the name alone, from the environment", "-", []string{"COMPOSE_PROJECT_NAME=shop"}, "exec web echo hi", 0, "hi"},
		{"the name alone, from nowhere", "-", nil, "exec web echo hi", 1, "no configuration file provided: not found"},
		{"a flag beats the environment", lookupFile, []string{"COMPOSE_PROJECT_NAME=other"}, "-p shop exec web echo hi", 0, "hi"},
		{"ls needs nothing", broken, nil, "ls --format {{.Name}}", 0, "shop"},
		{"version needs nothing", broken, nil, "version --short", 0, "1.2.3"},
		{"a name for up must be normal", lookupFile, nil, "-p SHOP up -d", 1, "invalid project name from -p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newShelf(t, map[string]string{"compose.yaml": lookupFile})
			h.must("up", "-d")
			path := filepath.Join(h.dir, "compose.yaml")
			err := os.Remove(path)
			if c.file != "-" {
				err = os.WriteFile(path, []byte(c.file), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			h.env = append(h.env, c.env...)
			out, errs, code := h.run(strings.Fields(c.line)...)
			if code != c.code || !strings.Contains(out+errs, c.out) {
				t.Errorf("muster %s ends with code %d\n[stdout]\n%s[stderr]\n%s[want] %d %s", c.line, code, out, errs, c.code, c.out)
			}
		})
	}
}
