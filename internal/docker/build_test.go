package docker

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/registry"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func TestBuildOptions(t *testing.T) {
	p := load(t, `
services:
  web:
    image: web:1
    platform: linux/amd64
    build:
      context: .
      args: {A: low, B: kept, TOKEN: , MISSING: }
      labels: {mine: "1", com.docker.compose.service: forged}
      tags: [web:2, web:1]
      target: final
      network: host
      no_cache: true
      pull: true
      shm_size: 16m
      cache_from: [web:0]
      extra_hosts: ["b=10.0.0.2", "a=10.0.0.1"]
      ulimits: {nofile: 100}
      isolation: default
      provenance: "false"
`)
	web := p.Service("web")
	b := &types.BuildConfig{AdditionalContexts: types.Mapping{"a": "./b"}}
	if err := refuseBuildKit("web", b, true); err == nil || !strings.Contains(err.Error(), "services.web.build.additional_contexts: needs BuildKit, and DOCKER_BUILDKIT=0 asks for the classic builder") {
		t.Errorf("error = %v, want one that names the variable", err)
	}
	if err := refuseBuildKit("web", web.Spec.Build, false); err != nil {
		t.Errorf("refused: %v", err)
	}
	opt := newBuildOptions(engine.BuildSpec{
		Project: p, Service: web, Args: []string{"A=high", "TOKEN", "ALSO_MISSING"}, Labels: map[string]string{project.LabelService: "web"},
	}, web.Spec.Build, map[string]string{"http_proxy": "http://proxy", "B": "proxy"})
	var args []string
	for _, name := range []string{"A", "B", "TOKEN", "MISSING", "ALSO_MISSING", "http_proxy"} {
		if v := opt.BuildArgs[name]; v != nil {
			args = append(args, name+"="+*v)
		}
	}
	got := fmt.Sprintln(args, opt.Tags, opt.Labels, opt.Target, opt.NetworkMode, opt.NoCache, opt.PullParent, opt.ShmSize, opt.CacheFrom,
		opt.ExtraHosts, opt.Ulimits[0], opt.Platform, opt.Version)
	want := "[A=high B=kept TOKEN=s3cret http_proxy=http://proxy] [web:1 web:2] " +
		"map[com.docker.compose.image.builder:classic com.docker.compose.service:web mine:1] final host true true 16777216 [web:0] " +
		"[a:10.0.0.1 b:10.0.0.2] nofile=100:100 linux/amd64 1\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRemoteContext(t *testing.T) {
	for context, want := range map[string]bool{
		"https://example.org/x.git#main": true, "git@example.org:x.git": true, "github.com/a/b": true, "./here": false, "/there": false, "githubby": false,
	} {
		if remote(context) != want {
			t.Errorf("remote(%s) = %t", context, !want)
		}
	}
}

// configured is an engine whose docker configuration is the text.
func configured(t *testing.T, text string) *Engine {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Connect(Options{ConfigDir: dir, Host: "unix:///made/up"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCredentials(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("me:pw"))
	e := configured(t, `{"auths": {"https://index.docker.io/v1/": {"auth": "`+auth+`"}, "r.example:5000": {"auth": "`+auth+`"}, "empty.example": {}}}`)
	for host, want := range map[string]string{"docker.io": "me", "r.example:5000": "me", "empty.example": "", "other.example": ""} {
		found := e.credentials(host)
		if found.broken != nil {
			t.Fatal(found.broken)
		}
		text := found.auth
		var got registry.AuthConfig
		if text != "" {
			if b, err := base64.URLEncoding.DecodeString(text); err != nil || json.Unmarshal(b, &got) != nil {
				t.Errorf("%s: %q is no credential", host, text)
			}
		}
		if got.Username != want {
			t.Errorf("%s: user %q, want %q", host, got.Username, want)
		}
	}
	file, err := e.credentialsFile()
	if err != nil || file.Path != "/run/secrets/docker/config.json" || file.Mode != 0o600 || !strings.Contains(string(file.Content), auth) {
		t.Errorf("file = %+v, %v", file, err)
	}
}

// A token that a login left in place of a password reaches the engine as one,
// from the configuration file and from a helper, which gives it the user <token>.
func TestIdentityToken(t *testing.T) {
	helpers := t.TempDir()
	script := "#!/bin/sh\necho '{\"Username\": \"<token>\", \"Secret\": \"t0ken\"}'\n"
	if err := os.WriteFile(filepath.Join(helpers, "docker-credential-tokens"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", helpers+":"+os.Getenv("PATH"))
	for what, config := range map[string]string{
		"file":   `{"auths": {"r.example": {"identitytoken": "t0ken"}}}`,
		"helper": `{"credHelpers": {"r.example": "tokens"}}`,
	} {
		found := configured(t, config).credentials("r.example")
		if found.broken != nil {
			t.Fatal(found.broken)
		}
		text := found.auth
		got, err := registry.DecodeAuthConfig(text)
		if err != nil || got.IdentityToken != "t0ken" || got.Password != "" {
			t.Errorf("by %s: token %q, password %q, %v; want the token alone", what, got.IdentityToken, got.Password, err)
		}
	}
}

func TestProxyVariables(t *testing.T) {
	e := configured(t, `{"proxies": {"default": {"httpProxy": "http://p", "noProxy": "local"}, "unix:///elsewhere": {"httpProxy": "http://q"}}}`)
	got := e.proxyVariables("linux")
	want := map[string]string{"HTTP_PROXY": "http://p", "http_proxy": "http://p", "NO_PROXY": "local", "no_proxy": "local"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v; want %v", got, want)
	}
	tr := exampleTranslation(load(t, "services: {web: {image: nginx, environment: {HTTP_PROXY: mine}}}"), newest)
	tr.proxy = got
	if env := strings.Join(tr.environment(), " "); env != "HTTP_PROXY=mine NO_PROXY=local http_proxy=http://p no_proxy=local" {
		t.Errorf("environment = %s", env)
	}
}

func TestDescribeWarnings(t *testing.T) {
	p := load(t, "services: {web: {image: nginx, credential_spec: {config: c}, cpu_count: 2, build: {context: ., shm_size: 1g, ulimits: {nofile: 9}}}}\nconfigs: {c: {file: ./c}}\n")
	for os, want := range map[string]string{
		"linux":   "services.web.credential_spec: only Windows engines know it: it has no effect\nservices.web.cpu_count: only Windows engines know it: it has no effect",
		"windows": "services.web.credential_spec.config: engines without Swarm keep no configs: it has no effect",
	} {
		var texts []string
		for _, w := range unsupportedBy(p, newest, os) {
			texts = append(texts, w.Text)
		}
		if got := strings.Join(texts, "\n"); got != want {
			t.Errorf("on %s:\n%s\nwant:\n%s", os, got, want)
		}
	}
	var old []string
	for _, w := range unsupportedBy(p, "1.41", "linux") {
		old = append(old, w.Text)
	}
	want := []string{
		"services.web.credential_spec: only Windows engines know it: it has no effect",
		"services.web.cpu_count: only Windows engines know it: it has no effect",
		"services.web.build.shm_size: needs an engine with API 1.42, this one has 1.41: builds have the engine's own",
		"services.web.build.ulimits: needs an engine with API 1.42, this one has 1.41: builds have the engine's own",
	}
	if !slices.Equal(old, want) {
		t.Errorf("on an old engine:\n%q\nwant:\n%q", old, want)
	}
}
