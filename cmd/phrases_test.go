package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/patience"
)

// What a phrase is printed on.
const (
	onOut = "standard output"
	onErr = "standard error"
)

// phrase is a part of a message that programs look for, as Docker Compose has it.
type phrase struct {
	when string
	file string   // services of the Compose file, or the whole
	do   []string // command lines; the last one says it
	says []string
	on   string
	code int
}

// idle is the rest of a service that goes on until it is stopped.
const idle = `image: "muster-test/busybox:1", command: sleep 1000, init: true`

// phrases are what wrappers, jobs and tools look for in the output of Docker
// Compose: a message about the same thing contains it, on the same stream, with
// the same exit code. Those of watch are in TestPhrasesOfWatch.
var phrases = []phrase{
	{"a service that no file has", `{web: {` + idle + `}}`, []string{"up -d nope"}, []string{"no such service: nope"}, onErr, 1},
	{"… asked of a command that needs no file", `{web: {` + idle + `}}`, []string{"stop nope"}, []string{"no such service: nope"}, onErr, 1},
	{"exec without a running container", `{web: {` + idle + `}}`, []string{"create", "exec -T web true"}, []string{`service "web" is not running`}, onErr, 1},
	{"… of that number", `{web: {` + idle + `}}`, []string{"up -d", "exec -T --index 3 web true"}, []string{`service "web" is not running container #3`}, onErr, 1},
	{"attach", `{web: {` + idle + `}}`, []string{"attach web"}, []string{`service "web" is not running`}, onErr, 1},
	{"port", `{web: {` + idle + `}}`, []string{"port web 80"}, []string{`service "web" is not running`}, onErr, 1},
	{"cp without a container", `{web: {` + idle + `}}`, []string{"cp web:/etc/hosts ."}, []string{`no container found for service "web"`}, onErr, 1},
	{"export", `{web: {` + idle + `}}`, []string{"export web"}, []string{`no container found for service "web"`}, onErr, 1},
	{"commit", `{web: {` + idle + `}}`, []string{"commit web"}, []string{`no container found for service "web"`}, onErr, 1},
	{"start without a container", `{web: {` + idle + `}}`, []string{"start web"}, []string{`service "web" has no container to start`}, onErr, 1},
	{"no file", ``, []string{"up -d"}, []string{"no configuration file provided: not found"}, onErr, 1},
	{"no services chosen", `{web: {` + idle + `, profiles: [other]}}`, []string{"up -d"}, []string{"no service selected"}, onErr, 1},
	{"neither image nor build", `{web: {command: "true"}}`, []string{"up -d"}, []string{"has neither an image nor a build context specified"}, onErr, 1},
	{"a missing external network", "services: {web: {" + idle + ", networks: [n]}}\nnetworks: {n: {external: true, name: outside}}\n",
		[]string{"up -d"}, []string{"network outside declared as external, but could not be found"}, onErr, 1},
	{"a missing external volume", "services: {web: {" + idle + ", volumes: ['v:/v']}}\nvolumes: {v: {external: true, name: outside}}\n",
		[]string{"up -d"}, []string{`external volume "outside" not found`}, onErr, 1},
	{"an unhealthy dependency", `{web: {` + idle + `, depends_on: {db: {condition: service_healthy}}}, db: {` + idle + `, healthcheck: {test: "false", interval: 1s, retries: 1}}}`,
		[]string{"up -d"}, []string{"dependency failed to start: container shop-db-1 is unhealthy"}, onErr, 1},
	{"a dependency that exited", `{web: {` + idle + `, depends_on: {db: {condition: service_healthy}}}, db: {image: "muster-test/busybox:1", command: sh -c "exit 4", healthcheck: {test: "false", interval: 60s}}}`,
		[]string{"up -d"}, []string{"dependency failed to start: container shop-db-1 exited (4)"}, onErr, 1},
	{"one without a health check", `{web: {` + idle + `, depends_on: {db: {condition: service_healthy}}}, db: {image: "muster-test/busybox:1", command: sh -c "exit 4"}}`,
		[]string{"up -d db", "wait-for-exit", "up -d --no-recreate web"}, []string{"dependency failed to start: container shop-db-1 exited (4)"}, onErr, 1},
	{"one that did not complete", `{web: {` + idle + `, depends_on: {db: {condition: service_completed_successfully}}}, db: {image: "muster-test/busybox:1", command: sh -c "exit 4"}}`,
		[]string{"up -d"}, []string{`service "db" didn't complete successfully: exit 4`}, onErr, 1},
	{"an optional one that is unhealthy", `{web: {` + idle + `, depends_on: {db: {condition: service_healthy, required: false}}}, db: {` + idle + `, healthcheck: {test: "false", interval: 1s, retries: 1}}}`,
		[]string{"up -d"}, []string{`optional dependency "db" is not running or is unhealthy`}, onErr, 0},
	{"an optional one that did not complete", `{web: {` + idle + `, depends_on: {db: {condition: service_completed_successfully, required: false}}}, db: {image: "muster-test/busybox:1", command: sh -c "exit 4"}}`,
		[]string{"up -d"}, []string{`optional dependency "db" didn't complete successfully: exit 4`}, onErr, 0},
	{"a hook that failed", `{web: {` + idle + `, post_start: [{command: sh -c "exit 5"}]}}`, []string{"up -d"}, []string{"web hook exited with status 5"}, onErr, 1},
	{"… before a stop", `{web: {` + idle + `, pre_stop: [{command: sh -c "exit 6"}]}}`, []string{"up -d", "stop -t 0"}, []string{"web hook exited with status 6"}, onErr, 1},
	{"orphans", `{web: {` + idle + `}, old: {` + idle + `}}`, []string{"up -d", "-f rest.yaml up -d"}, []string{"Found orphan containers ([shop-old-1]) for this project"}, onErr, 0},
	{"orphans left by down", `{web: {` + idle + `}, old: {` + idle + `}}`, []string{"up -d", "-f rest.yaml down -t 0"}, []string{"Found orphan containers ([shop-old-1]) for this project"}, onErr, 0},
	{"pull of what is built", `{web: {image: "shop/made:1", build: .}}`, []string{"pull"}, []string{"must be built from source by running:", "muster build web"}, onErr, 0},
	{"pull of what is there", `{web: {image: "muster-test/busybox:1", pull_policy: missing}}`, []string{"pull"}, []string{"muster-test/busybox:1", "Image is already present locally"}, onErr, 0},
	{"an attached up", `{web: {image: "muster-test/busybox:1", command: "true"}}`, []string{"up"}, []string{"Attaching to web-1"}, onOut, 0},
	{"the end of a container", `{web: {image: "muster-test/busybox:1", command: sh -c "exit 3"}}`, []string{"up"}, []string{"web-1 exited with code 3"}, onOut, 0},
	{"abort on exit", `{web: {image: "muster-test/busybox:1", command: sh -c "exit 3"}, db: {` + idle + `}}`,
		[]string{"up --abort-on-container-exit"}, []string{"Aborting on container exit..."}, onErr, 3},
	{"a value that a provider overrides", `{web: {` + idle + `, environment: {KEY: own}, depends_on: [cloud]}, cloud: {provider: {type: cloudy}}}`,
		[]string{"up -d"}, []string{`overrides environment variable "KEY" in service "web"`}, onErr, 0},
	{"a network of a service without a container", `{web: {` + idle + `, network_mode: "service:db"}, db: {` + idle + `}}`, []string{"up -d --no-deps web"}, []string{"network_mode", "db"}, onErr, 1},
	{"a process namespace of one", `{web: {` + idle + `, pid: "service:db"}, db: {` + idle + `}}`, []string{"up -d --no-deps web"}, []string{"pid", "db"}, onErr, 1},
	{"an IPC namespace of one", `{web: {` + idle + `, ipc: "service:db"}, db: {` + idle + `}}`, []string{"up -d --no-deps web"}, []string{"ipc", "db"}, onErr, 1},
	{"volumes of one", `{web: {` + idle + `, volumes_from: [db]}, db: {` + idle + `}}`, []string{"up -d --no-deps web"}, []string{"volumes_from", "db"}, onErr, 1},
	{"what is stopped already", `{web: {` + idle + `}}`, []string{"up -d", "stop -t 0", "stop"}, []string{"Container shop-web-1 Stopped"}, onErr, 0},
}

// TestPhrases: messages that programs look for contain what they look for.
func TestPhrases(t *testing.T) {
	for _, p := range phrases {
		t.Run(p.when, func(t *testing.T) {
			h := phraseShelf(t, p.file)
			var out, errs string
			var code int
			for _, line := range p.do {
				if line == "wait-for-exit" {
					patience.InMemory().Until(t, "the container exits", func() bool {
						return strings.Contains(h.must("ps", "--all", "--format", "{{.State}}"), "exited")
					})
					continue
				}
				out, errs, code = h.run(strings.Fields(line)...)
			}
			on := map[string]string{onOut: out, onErr: errs}
			for _, want := range p.says {
				if !strings.Contains(on[p.on], want) {
					t.Errorf("%q is not on %s\n[stdout]\n%s[stderr]\n%s", want, p.on, out, errs)
				}
			}
			if code != p.code {
				t.Errorf("exit code %d, want %d\n[stdout]\n%s[stderr]\n%s", code, p.code, out, errs)
			}
		})
	}
}

// phraseShelf has a Compose file, and what is needed beside it.
func phraseShelf(t *testing.T, file string) *shelf {
	t.Helper()
	files := map[string]string{
		"rest.yaml":  "services: {web: {" + idle + "}}\n",
		"Dockerfile": "FROM muster-test/busybox:1\n",
		"bin/cloudy": "#!/bin/sh\necho '{\"type\": \"rawsetenv\", \"message\": \"KEY=theirs\"}'\n",
	}
	switch {
	case strings.HasPrefix(file, "{"):
		files["compose.yaml"] = "services: " + file + "\n"
	case file != "":
		files["compose.yaml"] = file
	}
	h := newShelf(t, files)
	if err := os.Chmod(filepath.Join(h.dir, "bin/cloudy"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.env = append(h.env, "PATH="+filepath.Join(h.dir, "bin")+":"+os.Getenv("PATH"))
	return h
}

// TestPhrasesOfWatch: "Watch enabled" comes once the files are watched, "successfully
// built" after a rebuild, both on standard output.
func TestPhrasesOfWatch(t *testing.T) {
	h := phraseShelf(t, `{web: {build: ., command: sleep 1000, init: true, develop: {watch: [{path: ./src, action: rebuild}]}}}`)
	h.write("src/file", "first")
	h.must("build")
	for _, command := range []string{"watch", "up --watch"} {
		var out, errs capture
		signals := make(chan os.Signal, 1)
		done := make(chan int, 1)
		app := &App{
			In: strings.NewReader(""), Out: &out, Err: &errs, Env: h.env, Dir: h.dir, LockDir: filepath.Join(h.dir, ".locks"),
			Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
			Signals: func() (<-chan os.Signal, func()) { return signals, func() {} },
		}
		go func() { done <- Main(app, strings.Fields(command)) }()
		says := func(want string) {
			t.Helper()
			patience.InMemory().Until(t, want, func() bool { text, _ := out.next(); return strings.Contains(text, want) })
		}
		says("Watch enabled")
		h.write("src/file", command)
		says(`service(s) ["web"] successfully built`)
		signals <- os.Interrupt
		if code := <-done; code != 130 {
			t.Errorf("%s ends with code %d", command, code)
		}
	}
}
