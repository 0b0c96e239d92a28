package loader_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

const homeFile = `
services:
  web:
    image: busybox
    volumes: ["~/data:/data", {type: bind, source: ~/more, target: /more}, "named:/named"]
    extends: {file: base.yaml, service: base}
    build: .
  made: {build: {context: ~/src, additional_contexts: ["docs=~/docs"], ssh: {key: ~/key}}}
  short: {build: ~/src}
  read: {image: busybox, env_file: [~/a.env, {path: ~/b.env}], label_file: ~/labels}
  seen: {image: busybox, configs: [c], secrets: [s]}
  sound: {image: busybox, command: "~/run", working_dir: ~/x, environment: {A: "~/x"}}
configs: {c: {file: ~/c}}
secrets: {s: {file: ~/s}}
volumes: {named: {driver: local, driver_opts: {o: bind, type: none, device: ~/named}}}
`

const homeBase = "services: {base: {image: busybox, develop: {watch: [{path: ~/code, action: rebuild}]}}}\n"

// TestHomeIsNotSet: every ~ that cannot be expanded is a problem of the services
// that need it, with its place.
func TestHomeIsNotSet(t *testing.T) {
	p, _, err := loader.Open(context.Background(), homeless(t))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, problem := range p.ProblemsOf() {
		all = append(all, problem.Err.Error())
	}
	text := strings.Join(all, "\n") + "\n"
	for _, where := range []string{
		"compose.yaml:5:15: services.web.volumes[0]", "compose.yaml:5:52: services.web.volumes[1].source", "base.yaml:1:60: services.base.develop.watch[0].path",
		"compose.yaml:8:27: services.made.build.context", "compose.yaml:8:56: services.made.build.additional_contexts[0]", "compose.yaml:8:83: services.made.build.ssh.key",
		"compose.yaml:9:18: services.short.build", "compose.yaml:10:37: services.read.env_file[0]", "compose.yaml:10:53: services.read.env_file[1].path",
		"compose.yaml:10:76: services.read.label_file", "compose.yaml:13:21: configs.c.file", "compose.yaml:14:21: secrets.s.file",
		"compose.yaml:15:77: volumes.named.driver_opts.device",
	} {
		line := where + ": cannot expand ~: HOME is not set (set HOME, or write the path in full)\n"
		if !strings.Contains(text, line) {
			t.Errorf("not reported: %s", line)
		}
		text = strings.Replace(text, line, "", 1)
	}
	if text != "" {
		t.Errorf("reported too:\n%s", text)
	}
	if sound := p.Service("sound"); len(sound.Problems) > 0 || sound.Spec.WorkingDir != "~/x" {
		t.Errorf("sound has %v", sound.Problems)
	}
}

// TestHomeOfADotenv: one that a file names will do.
func TestHomeOfADotenv(t *testing.T) {
	in := homeless(t)
	write(t, in.WorkingDir+"/.env", "HOME="+in.WorkingDir+"\n")
	for _, file := range []string{"a.env", "b.env", "labels", "c", "s", "key"} {
		write(t, in.WorkingDir+"/"+file, "")
	}
	p := load(t, in)
	if got := p.Service("web").Spec.Volumes[0].Source; got != in.WorkingDir+"/data" {
		t.Errorf("~/data is %s", got)
	}
	if got := p.Service("made").Spec.Build.AdditionalContexts["docs"]; got != in.WorkingDir+"/docs" {
		t.Errorf("~/docs is %s", got)
	}
}

// TestNothingIsWrittenOfHome: compose-go says on standard error that it does not
// know home, unless it is not asked. It has the stream from the start of the process.
func TestNothingIsWrittenOfHome(t *testing.T) {
	if os.Getenv("MUSTER_TEST_HOMELESS") != "" {
		if _, _, err := loader.Open(context.Background(), homeless(t)); err != nil {
			t.Fatal(err)
		}
		return
	}
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsWrittenOfHome$")
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), "MUSTER_TEST_HOMELESS=1"), &out, &errs
	if err := c.Run(); err != nil || errs.Len() > 0 {
		t.Errorf("%v\n%s[standard error]\n%s", err, out.String(), errs.String())
	}
}

// homeless is a project for a process without HOME.
func homeless(t *testing.T) loader.Input {
	t.Helper()
	in := tree(t, map[string]string{"compose.yaml": homeFile, "base.yaml": homeBase})
	in.Env = nil
	t.Setenv("HOME", "")
	return in
}
