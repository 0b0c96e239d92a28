package cmd

import (
	"slices"
	"strings"
	"testing"
)

// needed is what a command needs of the services that it works on: everything,
// some attributes, or nothing but their names.
type needed struct {
	attributes []string // of them; none is everything
	spared     []string // attributes that do not count
	lines      []string // that work whatever is wrong with the service broken
	refused    []string // that need what is wrong with it
}

// brokenNeeds says of every command what it needs. The lines run one after the
// other, in this order of the commands.
func brokenNeeds() (order []string, needs map[string]needed) {
	names := func(lines ...string) needed { return needed{lines: lines} }
	images := func(attributes []string, works, refused string) needed {
		return needed{attributes: attributes, lines: []string{works}, refused: strings.Split(refused, "; ")}
	}
	order = []string{
		"ps", "logs", "top", "stats", "images", "volumes", "port", "exec", "cp", "attach", "commit", "export", "events", "ls", "version", "help", "completion",
		"config", "config --images", "plan", "build", "pull", "push", "create", "up", "run", "scale", "watch", "supervise",
		"pause", "unpause", "restart", "stop", "start", "kill", "rm", "wait", "down",
	}
	return order, map[string]needed{
		"ps": names("ps", "ps broken", "ps --services"), "logs": names("logs", "logs broken"), "top": names("top", "top broken"),
		"stats": names("stats --no-stream", "stats --no-stream broken"), "images": names("images", "images broken"), "volumes": names("volumes", "volumes broken"),
		"port": names("port broken 80"), "exec": names("exec -T broken true"), "cp": names("cp compose.yaml broken:/copied"),
		"attach": names("attach --dry-run broken"), "commit": names("commit --dry-run broken made:1"), "export": names("export --dry-run broken"),
		"events": names("events --since 2s --until 1s"), "ls": names("ls"), "version": names("version"), "help": names("help"), "completion": names("completion bash"),
		"pause": names("pause", "unpause", "pause broken"), "unpause": names("unpause broken"),
		"restart": names("restart -t 0", "restart -t 0 broken"), "stop": names("stop -t 0 broken", "stop -t 0"), "start": names("start broken", "start"),
		"kill": names("kill broken"), "wait": names("wait broken"), "rm": names("rm -fs broken", "rm -f"), "down": names("down -t 0 --rmi all", "down -v broken"),
		"config": {lines: []string{"config web", "config -q web", "config --services", "config --images web", "config --volumes", "config --networks", "config --profiles", "config --hash web", "config --variables", "config --environment", "config --no-interpolate --services"}, refused: []string{"config", "config -q broken"}},
		// An image that cannot be read has no name: the one that a build would give it is another's.
		"config --images": {attributes: []string{"image", "pre_start"}, lines: []string{"config --images other"}, refused: []string{"config --images", "config --images broken"}},
		"plan":            {lines: []string{"plan web"}, refused: []string{"plan", "plan broken"}},
		"create":          {lines: []string{"create web"}, refused: []string{"create", "create broken"}},
		"up":              {lines: []string{"up -d web", "up -d web other"}, refused: []string{"up -d", "up -d broken", "up --dry-run", "up -d web broken"}},
		"run":             {spared: []string{"restart", "ports"}, lines: []string{"run --rm web true"}, refused: []string{"run --rm broken true"}},
		"scale":           {lines: []string{"scale web=1"}, refused: []string{"scale broken=2"}},
		"watch":           {lines: []string{"watch --dry-run web"}, refused: []string{"watch --dry-run", "watch --dry-run broken"}},
		"supervise":       {lines: []string{"supervise --dry-run web"}, refused: []string{"supervise --dry-run", "supervise --dry-run broken"}},
		"build":           images([]string{"image", "build", "platform"}, "build web", "build; build broken"),
		"pull":            images([]string{"image", "build", "platform", "pull_policy"}, "pull --policy missing web", "pull --policy missing; pull --policy missing broken"),
		"push":            images([]string{"image", "build"}, "push other", "push broken"),
	}
}

// breakages are ways in which the description of a service can be wrong. The
// attribute is what they are about; those that are shown are no error of config.
func breakages() []struct {
	attribute, says, body, top string
	shown                      bool
} {
	return []struct {
		attribute, says, body, top string
		shown                      bool
	}{
		{"image", "is not an image reference", `{image: "muster-test/busybox:"}`, "", true},
		{"image", "NOPE is missing a value", `{image: "muster-test/busybox:${NOPE:?say which}"}`, "", false},
		{"platform", "is not a platform", `{image: "muster-test/busybox:1", platform: linux/arm/v7/hard}`, "", true},
		{"environment", "NOPE is missing a value", `{image: "muster-test/busybox:1", environment: {A: "${NOPE:?}"}}`, "", false},
		{"env_file", "gone.env: no such file", `{image: "muster-test/busybox:1", env_file: gone.env}`, "", false},
		{"label_file", "gone.labels: no such file", `{image: "muster-test/busybox:1", label_file: gone.labels}`, "", false},
		{"volumes", "no absolute path to mount at", `{image: "muster-test/busybox:1", volumes: [folder]}`, "", true},
		{"volumes", "undefined volume", `{image: "muster-test/busybox:1", volumes: ["nowhere:/x"]}`, "", false},
		{"volumes", "target is missing", `{image: "muster-test/busybox:1", volumes: [{type: volume}]}`, "", false},
		{"restart", "unknown policy", `{image: "muster-test/busybox:1", restart: now-and-then}`, "", true},
		{"deploy", "unknown condition", `{image: "muster-test/busybox:1", deploy: {restart_policy: {condition: weather}}}`, "", true},
		{"stop_signal", "is not a signal", `{image: "muster-test/busybox:1", stop_signal: SIGWHAT}`, "", true},
		{"stop_grace_period", "must be a duration", `{image: "muster-test/busybox:1", stop_grace_period: soon}`, "", false},
		{"healthcheck", "start_interval needs a start_period", `{image: "muster-test/busybox:1", healthcheck: {test: "true", start_interval: 1s}}`, "", true},
		{"ports", "is not a port mapping", `{image: "muster-test/busybox:1", ports: [http]}`, "", false},
		{"ports", "unknown protocol", `{image: "muster-test/busybox:1", ports: [{target: 80, protocol: ip}]}`, "", true},
		{"mem_limit", "must be a size", `{image: "muster-test/busybox:1", mem_limit: much}`, "", false},
		{"dns", "is not an IP address", `{image: "muster-test/busybox:1", dns: [router]}`, "", true},
		{"network_mode", "exclude each other", `{image: "muster-test/busybox:1", network_mode: none, networks: [default]}`, "", false},
		{"networks", "undefined network", `{image: "muster-test/busybox:1", networks: [nowhere]}`, "", false},
		{"networks", "unknown key", `{image: "muster-test/busybox:1", networks: [odd]}`, "networks: {odd: {colour: red}}", false},
		{"secrets", "undefined secret", `{image: "muster-test/busybox:1", secrets: [nothing]}`, "", false},
		{"secrets", "needs a cluster", `{image: "muster-test/busybox:1", secrets: [far]}`, "secrets: {far: {external: true}}", true},
		{"configs", "has no source", `{image: "muster-test/busybox:1", configs: [bare]}`, "configs: {bare: {}}", false},
		{"depends_on", "undefined service", `{image: "muster-test/busybox:1", depends_on: [nobody]}`, "", false},
		{"depends_on", "depend on each other", `{image: "muster-test/busybox:1", depends_on: [broken]}`, "", false},
		{"post_start", "command is missing", `{image: "muster-test/busybox:1", post_start: [{user: root}]}`, "", false},
		{"pre_start", "HOOK is missing a value", `{image: "muster-test/busybox:1", pre_start: [{command: [x], image: "${HOOK:?}"}]}`, "", false},
		{"pre_start", "per_replica is not supported", `{image: "muster-test/busybox:1", pre_start: [{command: [x], per_replica: true}]}`, "", true},
		{"develop", "needs a target", `{image: "muster-test/busybox:1", develop: {watch: [{action: sync, path: .}]}}`, "", false},
		{"build", "exclude each other", `{image: "muster-test/busybox:1", build: {dockerfile: x, dockerfile_inline: FROM x}}`, "", false},
		{"pull_policy", "is not valid", `{image: "muster-test/busybox:1", pull_policy: perhaps}`, "", false},
		{"colour", "unknown key", `{image: "muster-test/busybox:1", colour: red}`, "", false},
		{"x-muster", "unknown key", `{image: "muster-test/busybox:1", x-muster: {colour: red}}`, "", true},
		{"", "neither an image nor a build context specified", `{command: x}`, "", false},
		{"", "must be a mapping", `5`, "", false},
		{"", "is empty", ``, "", false},
		{"", `service "nobody", which it extends, does not exist`, `{extends: nobody}`, "", false},
		{"", "gone.yaml: no such file", `{extends: {file: gone.yaml, service: x}}`, "", false},
		{"image", "is not an image reference", `{extends: {file: base.yaml, service: base}, command: x}`, "", true},
	}
}

const soundServices = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true, build: {dockerfile_inline: FROM muster-test/busybox:1}, develop: {watch: [{action: rebuild, path: .}]}}
  other: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  asleep: {image: "", restart: never-ever, volumes: [x], profiles: [never]}
  `

// extendedFile has a service that is broken and extended, and one that is not extended.
const extendedFile = `
services:
  base: {image: "muster-test/BUSYBOX"}
  unused: {image: "", restart: never-ever, colour: red, volumes: ["nowhere:/x"]}
`

// TestBrokenServices: what the files get wrong about one service stops the
// commands that need it, each with one error that has its place, and no other:
// names are enough to look at a project, to stop it and to take it down.
// The table of needs holds every command of the tree.
func TestBrokenServices(t *testing.T) {
	order, needs := brokenNeeds()
	for _, c := range Tree(&App{}).Commands() {
		if !c.Hidden && !slices.Contains(order, c.Name()) {
			t.Errorf("nothing says what %s needs of its services", c.Name())
		}
	}
	for _, b := range breakages() {
		t.Run(b.attribute+" "+b.says, func(t *testing.T) {
			h := newShelf(t, map[string]string{"compose.yaml": soundServices + `broken: {image: "muster-test/busybox:1", command: sleep 1000, init: true}` + "\n"})
			h.must("up", "-d")
			h.write("base.yaml", extendedFile)
			h.write("compose.yaml", soundServices+"broken: "+b.body+"\n"+b.top+"\n")
			for _, command := range order {
				n := needs[command]
				if !everyCommand(b.says) && !slices.Contains([]string{"ps", "config", "config --images", "build", "up", "run", "start", "down"}, command) {
					continue
				}
				for _, line := range n.lines {
					h.works(line)
				}
				counts := b.attribute == "" || (len(n.attributes) == 0 || slices.Contains(n.attributes, b.attribute)) && !slices.Contains(n.spared, b.attribute)
				for _, line := range n.refused {
					switch {
					case command == "config" && b.shown:
						if warnings := h.works(line); strings.Count(warnings, b.says) != 1 {
							t.Errorf("muster %s warns of what is wrong %d times:\n%s", line, strings.Count(warnings, b.says), warnings)
						}
					case counts && !(command == "config --images" && b.shown):
						h.namesProblem(line, b.says)
					default:
						h.works(line)
					}
				}
			}
			if left := h.states(); left != "" {
				t.Errorf("left of the project: %s", left)
			}
		})
	}
}

// TestBrokenBases: what is wrong with a service that another's image is built on
// stops what builds, as far as it is about building.
func TestBrokenBases(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {build: {dockerfile_inline: FROM base, additional_contexts: {base: "service:base"}}, command: sleep 1000}
  base: {image: "shop/base:1", profiles: [never], build: {dockerfile_inline: FROM x, dockerfile: y}}
  plain: {build: {dockerfile_inline: FROM base, additional_contexts: {base: "service:odd"}}, command: sleep 1000}
  odd: {image: "shop/odd:1", profiles: [never], env_file: gone.env, restart: never-ever, build: {dockerfile_inline: FROM muster-test/busybox:1}}
`})
	h.namesProblem("build web", "exclude each other")
	h.namesProblem("up -d web", "exclude each other")
	h.works("build --dry-run plain")
	h.works("up --dry-run plain")
}

// everyCommand reports whether a breakage is tried with all commands: one of each
// sort of report. The others are tried with those that treat them differently.
func everyCommand(says string) bool {
	return slices.Contains([]string{
		"is not an image reference", "is not a platform", "gone.env: no such file", "unknown key", "must be a mapping", "depend on each other", "command is missing",
	}, says)
}

// works runs a line that has to succeed, or to fail for what it is about.
func (h *shelf) works(line string) (stderr string) {
	h.Helper()
	out, errs, code := h.run(strings.Fields(line)...)
	why := map[string]string{"port": "no port 80/tcp", "wait": "no containers for project"}
	if reason := why[strings.Fields(line)[0]]; code != 0 && (reason == "" || !strings.Contains(errs, reason)) {
		h.Errorf("muster %s ends with code %d\n%s%s", line, code, out, errs)
	}
	return errs
}

// namesProblem runs a line that has to be refused with one error with its place,
// before anything changes.
func (h *shelf) namesProblem(line, says string) {
	h.Helper()
	before := len(h.engine.Mutations())
	_, errs, code := h.run(strings.Fields(line)...)
	var problems []string
	for _, text := range strings.Split(strings.TrimSpace(errs), "\n") {
		if !strings.HasPrefix(text, "warning: ") {
			problems = append(problems, text)
		}
	}
	if code != 1 || len(problems) != 1 || !strings.HasPrefix(strings.TrimPrefix(problems[0], "base.yaml:"), "compose.yaml:") && !strings.HasPrefix(problems[0], "base.yaml:") || !strings.Contains(problems[0], says) {
		h.Errorf("muster %s ends with code %d, want one error at its place that says %q\n%s", line, code, says, errs)
	}
	if made := h.engine.Mutations()[before:]; len(made) > 0 {
		h.Errorf("muster %s is refused and asks the engine to %q", line, made)
	}
}
