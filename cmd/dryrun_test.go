package cmd

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
)

// dryRuns are command lines for every command, those of its flags that write
// something included. help and completion have no other form.
var dryRuns = map[string][]string{
	"attach":     {"attach web"},
	"build":      {"build", "build --no-cache --pull", "build --push built"},
	"commit":     {"commit web made:1", "commit -p=false web"},
	"completion": {"completion bash"},
	"config":     {"config", "config -o out.yaml", "config --services", "config --format json --output out.json"},
	"cp":         {"cp compose.yaml web:/x", "cp web:/note .", "cp -a web:/note copied", "cp --all compose.yaml web:/x"},
	"create":     {"create", "create --force-recreate", "create --build"},
	"down":       {"down", "down -v --rmi all", "down -v --rmi local --remove-orphans -t 0", "down web"},
	"events":     {"events --since 1h --until 0s"},
	"exec":       {"exec -T web touch /x", "exec -d web touch /x", "exec --privileged -T web touch /x"},
	"export":     {"export -o never.tar web", "export web"},
	"help":       {"help"},
	"images":     {"images"},
	"kill":       {"kill", "kill -s HUP web", "kill --remove-orphans"},
	"logs":       {"logs", "logs --json"},
	"ls":         {"ls -a"},
	"pause":      {"pause"},
	"plan":       {"plan", "plan --force-recreate"},
	"port":       {"port web 80"},
	"ps":         {"ps", "ps -a --format json"},
	"pull":       {"pull", "pull --ignore-buildable --include-deps web"},
	"push":       {"push", "push --include-deps"},
	"restart":    {"restart", "restart -t 0 web"},
	"rm":         {"rm -fs", "rm -f", "rm -fsv web"},
	"run":        {"run --rm web true", "run -d web true", "run --build --name never web true", "run --remove-orphans web"},
	"scale":      {"scale web=3", "scale web=0"},
	"start":      {"start", "start --wait"},
	"stats":      {"stats --no-stream"},
	"stop":       {"stop", "stop -t 0 web"},
	"supervise":  {"supervise", "supervise web", "supervise --install", "supervise --print-unit", "supervise --metrics unix:never.sock"},
	"top":        {"top"},
	"unpause":    {"unpause"},
	"up": {"up -d", "up", "up -d --force-recreate --build", "up --watch", "up --wait", "up --no-start", "up -d -V --remove-orphans -y",
		"up --abort-on-container-exit", "up --exit-code-from web", "up -d --pull always"},
	"version": {"version"},
	"volumes": {"volumes"},
	"wait":    {"wait web", "wait --down-project web"},
	"watch":   {"watch", "watch --no-up", "watch --prune built"},
}

// TestDryRunDoesNothing: with --dry-run no command changes anything: neither on
// the engine nor, in whatever folder, on this machine.
func TestDryRunDoesNothing(t *testing.T) {
	for _, c := range Tree(&App{}).Commands() {
		if !c.Hidden && len(dryRuns[c.Name()]) == 0 {
			t.Errorf("%s is not tried", c.Name())
		}
	}
	h := newShelf(t, map[string]string{"compose.yaml": `
services:
  web: {image: "muster-test/busybox:1", command: sleep 1000, init: true, ports: ["18080:80"], volumes: ["data:/data"]}
  stopped: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  paused: {image: "muster-test/busybox:1", command: sleep 1000, init: true}
  kept: {image: "muster-test/busybox:1", command: sleep 1000, init: true, deploy: {restart_policy: {condition: any, delay: 1s}}}
  built: {build: ., image: "shop/built", command: sleep 1000, init: true, develop: {watch: [{path: src, target: /src, action: sync}]}}
volumes: {data: }
`, "src/file": "x", "Dockerfile": "FROM muster-test/busybox:1\n", "units/readme": "x"})
	for _, name := range []string{"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "TMPDIR", "DOCKER_CONFIG"} {
		h.write(name+"/readme", "x")
		h.env = append(h.env, name+"="+filepath.Join(h.dir, name))
	}
	h.must("up", "-d")
	h.must("stop", "-t", "0", "stopped")
	h.must("pause", "paused")
	web := engine.Ref{Name: "shop-web-1"}
	if err := h.engine.ByHand().CopyTo(t.Context(), web, []engine.FileContent{{Path: "/note", Content: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	before, world := files(t, h.dir, unitFolder), h.engine.Snapshot()
	for _, name := range slices.Sorted(maps.Keys(dryRuns)) {
		for _, line := range dryRuns[name] {
			h.engine.ForgetCalls()
			out, errs, code := h.dry(line)
			if made := h.engine.Mutations(); len(made) > 0 || code != 0 {
				t.Errorf("muster %s --dry-run ends with code %d and asks the engine to %q\n%s%s", line, code, made, out, errs)
			}
			after := files(t, h.dir, unitFolder)
			for path, content := range after {
				if was, there := before[path]; !there || was != content {
					t.Errorf("muster %s --dry-run makes or changes %s", line, path)
				}
			}
			for path := range before {
				if _, there := after[path]; !there {
					t.Errorf("muster %s --dry-run removes %s", line, path)
				}
			}
		}
	}
	if now := h.engine.Snapshot(); now != world {
		t.Errorf("the engine was\n%sand is\n%s", world, now)
	}
	out, errs, _ := h.dry("supervise --install")
	if unit := filepath.Join(h.dir, "units", "muster-shop.service"); !strings.Contains(errs, "would write "+unit) || !strings.Contains(out, "ExecStart=") {
		t.Errorf("supervise --dry-run --install does not say what it would write\n%s%s", out, errs)
	}
}

// dry runs a command line with --dry-run and everything on this machine in the
// shelf's folder.
func (h *shelf) dry(line string) (stdout, stderr string, code int) {
	h.Helper()
	words := strings.Fields(line)
	var out, errs bytes.Buffer
	app := &App{
		In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, Version: "v1.2.3",
		LockDir: filepath.Join(h.dir, "never-locked"), UnitDir: filepath.Join(h.dir, "units"),
		Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
	}
	code = Main(app, append([]string{words[0], "--dry-run"}, words[1:]...))
	return out.String(), errs.String(), code
}

// files is what lies in the folders: modes, and digests or targets.
func files(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			all[path] = info.Mode().String()
			if d.Type().IsRegular() {
				content, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				all[path] += fmt.Sprintf(" %x %s", sha256.Sum256(content), info.ModTime())
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return all
}
