package cmd

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/project"
)

// hostile drives a terminal in every way there is, and begins a line of its own.
const hostile = "a\x1b[2J\x1b]0;title\x07\x08\x7f\r\u009b31m\u0085\u202e\u2066b\nforged: all is well"

// spelledHostile is hostile between double quotes in YAML.
const spelledHostile = `"a\x1b[2J\x1b]0;title\a\b\x7f\r\u009b31m\u0085\u202e\u2066b\nforged: all is well"`

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkTame reports what no terminal may see, and lines that somebody else wrote.
func checkTame(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		at := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
		if at >= 0 || strings.HasPrefix(strings.TrimPrefix(line, "warning: "), "forged") {
			t.Errorf("%s prints %q", what, line)
			return
		}
	}
}

// eyes runs commands as if standard output and error were a terminal, or not.
func (h *shelf) eyes(terminal bool, args ...string) (stdout, stderr string) {
	var out, errs bytes.Buffer
	app := &App{
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: append(h.env, "NO_COLOR=1"), Dir: h.dir, Version: "v1.2.3",
		LockDir: filepath.Join(h.dir, ".locks"), Terminal: Terminal{Out: terminal, Err: terminal},
		Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
	}
	Main(app, append([]string{"--progress", "plain", "--ansi", "never"}, args...))
	return out.String(), errs.String()
}

// TestFilesCannotDriveTheTerminal puts the text into every kind of place of a
// Compose file, as key, name, path and value.
func TestFilesCannotDriveTheTerminal(t *testing.T) {
	h := newShelf(t, nil)
	places := []string{
		"EVIL: {image: busybox}", "a: {image: EVIL}", "a: {image: busybox, EVIL: x}", "a: {image: busybox, labels: {EVIL: EVIL}}", "a: {image: busybox, labels: [EVIL]}",
		"a: {image: busybox, environment: {EVIL: EVIL}}", "a: {image: busybox, environment: [EVIL]}", "a: {image: busybox, sysctls: {EVIL: [1]}}", "a: {image: busybox, depends_on: [EVIL]}",
		"a: {image: busybox, depends_on: {EVIL: {condition: EVIL}}}", "a: {image: busybox, env_file: EVIL}", "a: {image: busybox, label_file: EVIL}", "a: {image: busybox, volumes: [EVIL]}",
		"a: {image: busybox, volumes: [{type: EVIL, source: EVIL, target: EVIL}]}", "a: {image: busybox, ports: [EVIL]}", "a: {image: busybox, ports: [{target: EVIL}]}", "a: {image: busybox, profiles: [EVIL]}",
		"a: {extends: EVIL}", "a: {extends: {file: EVIL, service: EVIL}}", "a: {build: EVIL}", "a: {build: {context: ., dockerfile: EVIL, args: {EVIL: EVIL}, additional_contexts: {EVIL: EVIL}}}",
		"a: {image: busybox, command: EVIL, entrypoint: [EVIL]}", "a: {image: busybox, restart: EVIL}", "a: {image: busybox, mem_limit: EVIL, cpus: EVIL, stop_grace_period: EVIL, stop_signal: EVIL}",
		"a: {image: busybox, networks: {EVIL: {aliases: [EVIL]}}}", "a: {image: busybox, secrets: [EVIL], configs: [{source: EVIL, mode: EVIL}]}", "a: {image: busybox, container_name: EVIL, hostname: EVIL}",
		"a: {image: busybox, logging: {driver: EVIL, options: {EVIL: EVIL}}}", "a: {image: busybox, healthcheck: {test: [EVIL]}}", "a: {image: busybox, deploy: {mode: EVIL, EVIL: x}}", "a: {image: busybox, x-muster: {EVIL: EVIL, ready: EVIL}}",
		"a: {image: \"${X:?EVIL}\"}", "a: {image: \"${X EVIL}\"}", "a: {image: busybox, provider: {type: EVIL}}", "a: {image: busybox, develop: {watch: [{path: EVIL, action: EVIL}]}}", "a: {image: busybox, gpus: EVIL, platform: EVIL, pull_policy: EVIL}",
		"a: {image: busybox}\nEVIL: x", "a: {image: busybox}\nvolumes: {EVIL: {driver: EVIL}}", "a: {image: busybox}\nnetworks: {EVIL: {EVIL: x}, n: {driver: EVIL, external: EVIL}}", "a: {image: busybox}\nsecrets: {EVIL: {file: EVIL}, s: {environment: EVIL, file: EVIL}}",
		"a: {image: busybox}\nconfigs: {c: {file: EVIL, labels: {EVIL: EVIL}}}", "a: {image: busybox}\ninclude: [EVIL]", "a: {image: busybox}\nname: EVIL", "a: {image: busybox}\nx-EVIL: EVIL", "a: {image: busybox}\nmodels: {EVIL: {model: EVIL}}",
		"a: {image: busybox}\nversion: EVIL", "a: {image: busybox, x-own: {EVIL: EVIL}}", "a: {<<: EVIL, image: busybox}", "a: {image: busybox, labels: {? [EVIL] : x}}", "a: {image: !EVIL busybox}",
	}
	for _, place := range places {
		text := strings.NewReplacer(`x-EVIL`, `"x-`+spelledHostile[1:], `"${X:?EVIL}"`, `"${X:?`+strings.Trim(spelledHostile, `"`)+`}"`, `"${X EVIL}"`, `"${X `+strings.Trim(spelledHostile, `"`)+`}"`,
			"!EVIL", "!a%1b%0a", "EVIL", spelledHostile).Replace(place)
		h.write("compose.yaml", "services:\n  "+text+"\n")
		for _, terminal := range []bool{false, true} {
			for _, args := range [][]string{{"config"}, {"config", "--format", "json"}, {"config", "--variables"}, {"config", "--environment"}, {"config", "--no-interpolate"}, {"config", "--services"}, {"config", "--images"}, {"plan"}, {"--dry-run", "up", "-d"}, {"ps"}, {"--progress", "json", "config"}} {
				out, errs := h.eyes(terminal, args...)
				checkTame(t, strings.Join(args, " ")+" of "+place, out)
				checkTame(t, strings.Join(args, " ")+" of "+place, errs)
			}
		}
	}
}

// TestEnginesCannotDriveTheTerminal lets the engine, its containers, images,
// volumes and a registry say the text, wherever they can say something.
func TestEnginesCannotDriveTheTerminal(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  sick: {image: "muster-test/busybox:1", command: sleep 1000, init: true, healthcheck: {test: [CMD, probe], interval: 1ms, retries: 1}, profiles: [sick]}
  gone: {image: "muster-test/gone:1", profiles: [gone]}
  made: {build: ., profiles: [made]}
`, "Dockerfile": "FROM muster-test/busybox:1\n"})
	labels := map[string]string{
		project.LabelProject: "shop", project.LabelService: hostile, project.LabelConfigFiles: hostile, project.LabelContainerNumber: "1", hostile: hostile, "k": hostile,
		project.LabelOneOff: "False", project.LabelConfigHash: hostile, project.LabelImage: hostile,
	}
	h.engine.Seed(engine.Observed{
		Containers: []engine.Container{{Ref: engine.Ref{Name: "shop-other-1"}, Service: hostile, Project: "shop", Labels: labels, Image: hostile, ImageID: "sha256:" + hostile, State: engine.Running}},
		Volumes:    []engine.Volume{{Name: "shop_" + hostile, Driver: hostile, Mountpoint: hostile, Labels: labels}},
	})
	lines := []memengine.Output{{Text: hostile}, {Text: "\x1b[31mred\x1b[0m", Stderr: true}}
	h.engine.Program("*web*", memengine.Program{Logs: lines})
	h.engine.Program("*sick*", memengine.Program{Logs: lines, Probe: func(time.Duration, int) (int, string) { return 1, hostile }})
	for method, what := range map[string]string{"PullImage": "gone", "BuildImage": "made"} {
		h.engine.Inject(memengine.Fault{Method: method, Err: errors.New(what + ": the other side says " + hostile)})
	}
	h.must("up", "-d", "web")
	for _, terminal := range []bool{false, true} {
		for _, line := range []string{
			"plan", "ps", "ps -a --no-trunc", "ps -q", "ps --services", "ps --format json", "ps --format {{.Labels}}|{{.Image}}|{{.Service}}", `ps --format {{.Label "k"}}`, "ps --format pretty", "ls", "ls -q", "ls --format json",
			"volumes", "volumes -q", "volumes --format json", `volumes --format {{.Label "k"}}{{.Labels}}`, "images", "images -q", "images --format json", "top", "top --format json", "stats --no-stream", "port web 80",
			"logs --json", "events --json --since 1h --until 0s", "events --since 1h --until 0s", "up -d --wait sick", "--progress json up -d --wait sick", "up -d gone", "build made", "--progress json pull gone", "pull gone",
			"up -d --remove-orphans --dry-run", "exec nope true", "supervise --status", "down --dry-run -v --remove-orphans",
		} {
			out, errs := h.eyes(terminal, strings.Fields(line)...)
			if out+errs == "" {
				t.Errorf("%s says nothing", line)
			}
			checkTame(t, line, out)
			checkTame(t, line, errs)
		}
		out, _ := h.eyes(terminal, "logs", "web")
		if !terminal {
			if first, _, _ := strings.Cut(hostile, "\n"); !strings.Contains(out, first+"\n") {
				t.Errorf("a pipe gets %q", out)
			}
			continue
		}
		if !strings.Contains(out, "\x1b[31mred") {
			t.Errorf("colours are lost on a terminal: %q", out)
		}
		checkTame(t, "logs", colours.ReplaceAllString(strings.ReplaceAll(out, "| forged", "| "), ""))
	}
}
