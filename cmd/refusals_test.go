package cmd

import (
	"strings"
	"testing"
)

const refusalsFile = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  stopped: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
`

// TestRefusals: what cannot be done is one line on standard error, code 1, and
// nothing is changed.
func TestRefusals(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": refusalsFile, "file": "content"})
	h.must("up", "-d")
	h.must("stop", "-t", "0", "stopped")
	for _, c := range Tree(&App{}).Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		h.refuses(c.Name()+" --nope", "unknown flag: --nope (see 'muster "+c.Name()+" --help')")
	}
	for line, want := range map[string]string{
		// Services that the file does not know
		"up -d nope": "no such service: nope", "create nope": "no such service: nope", "build nope": "no such service: nope",
		"pull nope": "no such service: nope", "push nope": "no such service: nope", "run nope true": "no such service: nope",
		"scale nope=1": "no such service: nope", "watch nope": "no such service: nope", "config nope": "no such service: nope",
		"plan nope": "no such service: nope", "down nope": "no such service: nope", "start nope": "no such service: nope",
		"stop nope": "no such service: nope", "restart nope": "no such service: nope", "kill nope": "no such service: nope",
		"rm -f nope": "no such service: nope", "ps nope": "no such service: nope", "logs nope": "no such service: nope",
		"pause nope": "no such service: nope", "unpause nope": "no such service: nope", "volumes nope": "no such service: nope",
		"wait nope": "no such service: nope", "stats nope": "no such service: nope", "supervise nope": "no such service: nope",
		"up -d x*": "no such service: x*", "up -d --scale nope=1": "no such service: nope", "config --hash nope": "no such service: nope",
		"up --exit-code-from nope": "no such service: nope", "up --attach nope": "no such service: nope",
		// Containers that are not there or do not run
		"attach nope": `service "nope" is not running`, "exec nope true": `service "nope" is not running`, "port nope 80": `service "nope" is not running`,
		"attach stopped": `service "stopped" is not running`, "exec stopped true": `service "stopped" is not running`,
		"port stopped 80": `service "stopped" is not running`, "exec --index 9 web true": `service "web" is not running container #9`,
		"attach --index 9 web": `service "web" is not running container #9`, "port --index 9 web 80": `service "web" is not running container #9`,
		"export nope": `no container found for service "nope"`, "commit nope": `no container found for service "nope"`,
		"cp nope:/a .": `no container found for service "nope"`, "cp file nope:/a": `no container found for service "nope"`,
		"wait stopped": `no containers for project "shop"`, "port web 80": "no port 80/tcp for container shop-web-1: none published",
		// Signals that none is called
		"kill -s -1":       `--signal: "-1" is not a signal (give a name such as SIGTERM, or a number from 1 to 64)`,
		"kill -s 0 web":    `--signal: "0" is not a signal (give a name such as SIGTERM, or a number from 1 to 64)`,
		"kill --signal=65": `--signal: "65" is not a signal (give a name such as SIGTERM, or a number from 1 to 64)`,
		"kill -s SIGTREM":  `--signal: "SIGTREM" is not a signal (did you mean SIGTERM?)`,
		"kill -s RTMIN-1":  `--signal: "RTMIN-1" is not a signal (give a name such as SIGTERM, or a number from 1 to 64)`,
		"kill -s 1e1 nope": `--signal: "1e1" is not a signal (give a name such as SIGTERM, or a number from 1 to 64)`,
		// Arguments
		"attach":            "muster attach accepts 1 arg(s), received 0 (see 'muster attach --help')",
		"exec":              "muster exec requires at least 2 arg(s), only received 0 (see 'muster exec --help')",
		"port x":            "muster port accepts 2 arg(s), received 1 (see 'muster port --help')",
		"cp x":              "muster cp accepts 2 arg(s), received 1 (see 'muster cp --help')",
		"run":               "muster run requires at least 1 arg(s), only received 0 (see 'muster run --help')",
		"wait":              "muster wait requires at least 1 arg(s), only received 0 (see 'muster wait --help')",
		"scale":             "muster scale requires at least 1 arg(s), only received 0 (see 'muster scale --help')",
		"export":            "muster export accepts 1 arg(s), received 0 (see 'muster export --help')",
		"commit":            "muster commit accepts between 1 and 2 arg(s), received 0 (see 'muster commit --help')",
		"ls x":              `unknown command "x" for "muster ls" (see 'muster ls --help')`,
		"stats web stopped": "muster stats accepts at most 1 arg(s), received 2 (see 'muster stats --help')",
		// Values
		"up -d -t x":              `--timeout "x" is not a whole number (see 'muster up --help')`,
		"up -d --build=x":         `--build "x" is not true or false (see 'muster up --help')`,
		"up -d --pull sometimes":  `--pull "sometimes" is not a pull policy: use always, never, build, missing, if_not_present`,
		"up -d --wait-timeout -1": "--wait-timeout must not be negative (found: -1)",
		"up -d --scale web":       "invalid scale specifier: web (use SERVICE=NUM)",
		"up -d --scale web=-1":    "scale web: invalid number of replicas: -1",
		"scale web=x":             "invalid scale specifier: web=x (use SERVICE=NUM)",
		"down --rmi some":         `invalid value for --rmi: "some": use local or all`,
		"logs --tail x":           `invalid value for --tail: "x": use a number or all`,
		"logs --index 1":          "--index needs exactly one service",
		"logs --since yesterday":  `invalid value for --since: "yesterday": use a time such as 2013-01-02T13:23:37Z or a duration such as 42m`,
		"ps --status nope":        `unknown status "nope": use paused, restarting, removing, running, dead, created, exited`,
		"ps --filter source=x":    "filter source is not implemented",
		"ps --filter x":           `invalid filter "x": only status=VALUE is known`,
		"ps --format {{":          `format value "{{" could not be parsed: :1: unclosed action`,
		"ls --filter x=y":         `invalid filter "x=y": only name=PATTERN is known`,
		"ls --format nope":        `format value "nope" could not be parsed: use table, json or a template such as {{.Name}}`,
		"version --format nope":   `format value "nope" could not be parsed: use pretty or json`,
		"config --format nope":    `unsupported format "nope": use yaml or json`,
		"port web http":           `invalid port "http": use a number up to 65535`,
		"events --since nope":     `watch events: since "nope" is not a time`,
		"pull --policy sometimes": `--policy "sometimes" is not a pull policy: use always, never, build, missing, if_not_present`,
		"run --volume a:b:c web":  `--volume "a:b:c" has no absolute path to mount at: write SOURCE:/path[:ro]`,
		"run -e =x web":           `--env "=x" names no variable`,
		"cp web:/a web:/b":        "copying between services is not supported: copy to this host first",
		"cp a b":                  `neither "a" nor "b" names a service: write SERVICE:PATH for one of them`,
		"publish x":               "muster has no publish: it runs Compose files, and does not publish them as artifacts",
		"bridge convert":          "muster has no bridge: it runs Compose files and does not convert them for other platforms",
		"alpha viz":               "muster has no alpha commands",
		"watch":                   "none of the selected services is configured for watch: add a develop.watch section",
	} {
		h.refuses(line, want)
	}
}

// refuses runs a line that must be refused with exactly this one.
func (h *shelf) refuses(line, want string) {
	h.Helper()
	before := len(h.engine.Mutations())
	out, errs, code := h.run(strings.Fields(line)...)
	if code != 1 || out != "" || errs != want+"\n" {
		h.Errorf("muster %s ends with code %d\n[stdout]\n%s[stderr]\n%s[want]\n%s", line, code, out, errs, want)
	}
	if made := h.engine.Mutations()[before:]; len(made) > 0 {
		h.Errorf("muster %s: the engine is asked to %q", line, made)
	}
}

// TestMissingProjects: nobody made the project, so that there is nothing to do,
// or nothing to do it with.
func TestMissingProjects(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": refusalsFile, "file": "content"})
	for line, want := range map[string]string{
		"down": "no resource found to remove for project \"none\"\n", "kill": "No container to kill\n", "rm -f": "No stopped containers\n",
		"stop": "", "start": "", "restart": "", "logs": "", "pause": "", "unpause": "", "ps -q": "", "images -q": "", "volumes -q": "",
		"stop web": "", "restart web": "", "logs web": "", "down web": "", "events --since 1m --until 0s": "",
	} {
		before := len(h.engine.Mutations())
		out, errs, code := h.run(append([]string{"-p", "none"}, strings.Fields(line)...)...)
		if code != 0 || out != "" || errs != want {
			t.Errorf("muster -p none %s ends with code %d\n[stdout]\n%s[stderr]\n%s[want]\n%s", line, code, out, errs, want)
		}
		if made := h.engine.Mutations()[before:]; len(made) > 0 {
			t.Errorf("muster -p none %s: the engine is asked to %q", line, made)
		}
	}
	h.refuses("-p none wait web", `no containers for project "none"`)
	h.refuses("-p none exec web true", `service "web" is not running`)
	h.refuses("-p none cp web:/a .", `no container found for service "web"`)
}
