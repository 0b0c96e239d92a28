package request

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

func TestRefused(t *testing.T) {
	p := load(t, `services:
  db: {image: postgres, volumes: [{type: image, source: x, target: /x}]}
  job: {image: nginx, security_opt: ["seccomp=./none.json"]}
  ok: {image: nginx, network_mode: "service:db", volumes_from: [db]}
  uts: {image: nginx, uts: "service:db"}
  web:
    image: nginx
    volumes:
      - {type: volume, source: v, target: /v, volume: {subpath: x}}
volumes: {v: {}}
`)
	for api, want := range map[string]string{
		oldest: `-:2:35: services.db.volumes[0].image: mounting an image needs an engine with API 1.48 (Docker Engine 28) or newer
-:5:28: services.uts.uts: service:db: engines cannot share this namespace between containers
-:9:65: services.web.volumes[0].volume.subpath: needs an engine with API 1.45 (Docker Engine 26) or newer`,
		newest: `-:5:28: services.uts.uts: service:db: engines cannot share this namespace between containers`,
	} {
		var got []string
		for _, f := range Refused(p, api, "linux") {
			if got = append(got, f.String()); !f.Refuses {
				t.Errorf("API %s: %s refuses nothing", api, f)
			}
		}
		if got := strings.Join(got, "\n"); got != want {
			t.Errorf("API %s:\n%s\nwant:\n%s", api, got, want)
		}
	}
}

// TestUnknown holds the rows of testdata/compatibility.txt that say refused: the
// loader names the key, and the place where it stands.
func TestUnknown(t *testing.T) {
	tried := 0
	for _, r := range readSupport(t) {
		if r.state != "reference" || !strings.Contains(r.note, "refused") {
			continue
		}
		tried++
		keys := strings.Split(r.path, ".")
		value := "1"
		for _, key := range slices.Backward(keys[1:]) {
			name, list := strings.CutSuffix(key, "[]")
			if list {
				value = "[" + value + "]"
			}
			value = "{" + name + ": " + value + "}"
		}
		text := "services: {web: {image: nginx}}\n" + keys[0] + ": {c: " + value + "}\n"
		if keys[0] == "services" {
			text = "services: {web: {image: nginx, " + value[1:] + "}\n"
		}
		_, _, err := loader.Load(t.Context(), loader.Input{
			Files: []string{"-"}, Stdin: strings.NewReader(text), ProjectName: "demo", Dir: "/project", WorkingDir: "/project",
		})
		if err == nil || !strings.Contains(err.Error(), "."+keys[len(keys)-1]+": unknown key") {
			t.Errorf("%s: %s is loaded, or refused with other words: %v", r.path, text, err)
		}
	}
	if tried == 0 {
		t.Error("no row says refused")
	}
}

// TestFindingsOfBuilds: whether a finding is about how an image is built is told by
// its key, whatever the service is called.
func TestFindingsOfBuilds(t *testing.T) {
	p := load(t, "services: {a.build.b: {image: nginx, cpu_count: 2, build: {context: ., shm_size: 1g}}}\n")
	var got []string
	for _, f := range Unsupported(p, "1.41", "linux") {
		got = append(got, fmt.Sprintf("%s %t", f.Key[len(f.Key)-1], f.OfBuild()))
	}
	if want := []string{"cpu_count false", "shm_size true"}; !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
}

func TestDescribeWarnings(t *testing.T) {
	p := load(t, "services: {web: {image: nginx, credential_spec: {config: c}, cpu_count: 2, build: {context: ., shm_size: 1g, ulimits: {nofile: 9}}}}\nconfigs: {c: {file: ./c}}\n")
	for os, want := range map[string]string{
		"linux":   "services.web.credential_spec: ignored: for Windows engines only\nservices.web.cpu_count: ignored: for Windows engines only",
		"windows": "services.web.credential_spec.config: external configs need Swarm: ignored",
	} {
		var texts []string
		for _, w := range Unsupported(p, newest, os) {
			texts = append(texts, w.Text)
		}
		if got := strings.Join(texts, "\n"); got != want {
			t.Errorf("on %s:\n%s\nwant:\n%s", os, got, want)
		}
	}
	var old []string
	for _, w := range Unsupported(p, "1.41", "linux") {
		old = append(old, w.Text)
	}
	want := []string{
		"services.web.credential_spec: ignored: for Windows engines only",
		"services.web.cpu_count: ignored: for Windows engines only",
		"services.web.build.shm_size: needs an engine with API 1.42, this one has 1.41: ignored: the engine's default is used",
		"services.web.build.ulimits: needs an engine with API 1.42, this one has 1.41: ignored: the engine's default is used",
	}
	if !slices.Equal(old, want) {
		t.Errorf("on an old engine:\n%q\nwant:\n%q", old, want)
	}
}
