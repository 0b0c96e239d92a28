package cmd

import (
	"strings"
	"testing"
)

const environmentFile = `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  job: {image: "muster-test/busybox:1", command: sleep 1000, init: true, profiles: [jobs]}
`

// TestEnvironment: the variables of section 3 of the reference, from the
// process's environment and from .env.
func TestEnvironment(t *testing.T) {
	files := map[string]string{
		"compose.yaml": environmentFile, "two.yaml": "services: {two: {image: \"muster-test/busybox:1\"}}",
		"one.env": "COMPOSE_PROFILES=jobs\n", "sub/compose.yaml": "services: {sub: {image: \"muster-test/busybox:1\"}}",
	}
	for _, c := range []struct {
		name, env string // K=V, separated by blanks
		early     bool   // the process's environment alone counts
		line      string
		code      int
		out       string // part of what is printed, on either stream
	}{
		{"COMPOSE_FILE", "COMPOSE_FILE=two.yaml", false, "config --services", 0, "two"},
		{"COMPOSE_FILE of several", "COMPOSE_FILE=compose.yaml:two.yaml", false, "config --services", 0, "two\nweb"},
		{"COMPOSE_PATH_SEPARATOR", "COMPOSE_FILE=compose.yaml,two.yaml COMPOSE_PATH_SEPARATOR=,", false, "config --services", 0, "two\nweb"},
		{"COMPOSE_FILE that is not there", "COMPOSE_FILE=none.yaml", false, "config --services", 1, "none.yaml"},
		{"COMPOSE_PROJECT_NAME", "COMPOSE_PROJECT_NAME=named", false, "config", 0, "name: named"},
		{"COMPOSE_PROJECT_NAME must be normal", "COMPOSE_PROJECT_NAME=NAMED", false, "config", 1, "invalid project name from COMPOSE_PROJECT_NAME"},
		{"COMPOSE_PROFILES", "COMPOSE_PROFILES=jobs", false, "config --services", 0, "job\nweb"},
		{"COMPOSE_ENV_FILES", "COMPOSE_ENV_FILES=one.env", true, "config --services", 0, "job\nweb"},
		{"COMPOSE_COMPATIBILITY", "COMPOSE_COMPATIBILITY=true", false, "create", 0, "shop_web_1 Created"},
		{"COMPOSE_COMPATIBILITY as y", "COMPOSE_COMPATIBILITY=y", false, "create", 0, "shop_web_1 Created"},
		{"COMPOSE_COMPATIBILITY as yes is no", "COMPOSE_COMPATIBILITY=yes", false, "create", 0, "shop-web-1 Created"},
		{"COMPOSE_PROGRESS", "COMPOSE_PROGRESS=json", false, "create", 0, `{"id":"Container shop-web-1","status":"Done","text":"Created"}`},
		{"COMPOSE_PROGRESS of another kind", "COMPOSE_PROGRESS=fancy", false, "create", 1, `unsupported --progress value "fancy"`},
		{"COMPOSE_ANSI", "COMPOSE_ANSI=always", false, "config nope", 1, "\x1b["},
		{"COMPOSE_PARALLEL_LIMIT", "COMPOSE_PARALLEL_LIMIT=many", false, "create", 1, "COMPOSE_PARALLEL_LIMIT"},
		{"COMPOSE_IGNORE_ORPHANS", "COMPOSE_IGNORE_ORPHANS=1", false, "up -d --remove-orphans", 1, "COMPOSE_IGNORE_ORPHANS and --remove-orphans are incompatible"},
		{"COMPOSE_STATUS_STDOUT", "COMPOSE_STATUS_STDOUT=1", true, "kill", 0, "No container to kill"},
		{"COMPOSE_DISABLE_ENV_FILE", "COMPOSE_DISABLE_ENV_FILE=maybe", true, "config", 1, "COMPOSE_DISABLE_ENV_FILE"},
	} {
		for _, dotenv := range []bool{false, true} {
			if dotenv && c.early {
				continue
			}
			h := newShelf(t, files)
			if dotenv {
				h.write(".env", strings.ReplaceAll(c.env, " ", "\n")+"\n")
			} else {
				h.env = append(h.env, strings.Fields(c.env)...)
			}
			out, errs, code := h.run(strings.Fields(c.line)...)
			if code != c.code || !strings.Contains(out+errs, c.out) {
				t.Errorf("%s, in .env: %v: muster %s ends with code %d\n%s%s[want] %d %s", c.name, dotenv, c.line, code, out, errs, c.code, c.out)
			}
		}
	}
}

// TestRemoveOrphansByEnvironment: also from .env, also for down and kill.
func TestRemoveOrphansByEnvironment(t *testing.T) {
	for line, want := range map[string]string{"up -d": "RemoveContainer shop-two-1", "down": "RemoveContainer shop-two-1", "kill": "KillContainer shop-two-1"} {
		h := newShelf(t, map[string]string{"compose.yaml": environmentFile, "two.yaml": "services: {two: {image: \"muster-test/busybox:1\", command: sleep 1000, init: true}}"})
		h.must("-f", "two.yaml", "up", "-d")
		h.write(".env", "COMPOSE_REMOVE_ORPHANS=1\n")
		h.must(strings.Fields(line)...)
		if made := strings.Join(h.engine.Mutations(), "\n"); !strings.Contains(made, want) {
			t.Errorf("%s does:\n%s", line, made)
		}
	}
}

// TestNoColor: errors are coloured on a terminal unless NO_COLOR says no.
func TestNoColor(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": environmentFile})
	if _, errs, _ := h.run("--ansi", "always", "config", "nope"); !strings.Contains(errs, "\x1b[") {
		t.Errorf("no colour: %q", errs)
	}
	h.env = append(h.env, "NO_COLOR=1")
	if _, errs, _ := h.run("config", "nope"); strings.Contains(errs, "\x1b[") {
		t.Errorf("colour: %q", errs)
	}
}

// TestDeprecatedFlags: they are taken, and each says what it is worth today.
func TestDeprecatedFlags(t *testing.T) {
	h := newShelf(t, map[string]string{"compose.yaml": environmentFile})
	for line, want := range map[string]string{
		"--no-ansi ps -q":                     "warning: --no-ansi is deprecated: use --ansi never\n",
		"--workdir . ps -q":                   "warning: --workdir is deprecated: use --project-directory\n",
		"pull --parallel --policy missing":    "warning: --parallel is deprecated and has no effect\n",
		"pull --no-parallel --policy missing": "warning: --no-parallel is deprecated and has no effect\n",
		"build --compress":                    "warning: --compress has no effect: images are built by BuildKit\n",
		"build --force-rm":                    "warning: --force-rm has no effect: images are built by BuildKit\n",
		"build --no-rm":                       "warning: --no-rm has no effect: images are built by BuildKit\n",
		"build --parallel":                    "warning: --parallel has no effect: images are built by BuildKit\n",
		"down --volume":                       "warning: --volume is deprecated: use --volumes\n",
		"up -d --y":                           "warning: --y is deprecated: use --yes\n",
		"rm -f -a":                            "",
		"--verbose ps -q":                     "",
		"--insecure-registry x ps -q":         "",
	} {
		_, errs, code := h.run(strings.Fields(line)...)
		if code != 0 || !strings.Contains(errs, want) {
			t.Errorf("muster %s ends with code %d\n%s[want] %s", line, code, errs, want)
		}
	}
}
