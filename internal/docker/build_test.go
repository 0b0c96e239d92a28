package docker

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/registry"
)

func TestRefuseBuildKit(t *testing.T) {
	b := &types.BuildConfig{AdditionalContexts: types.Mapping{"a": "./b"}}
	if err := refuseBuildKit("web", b, true); err == nil || !strings.Contains(err.Error(), "services.web.build.additional_contexts: needs BuildKit, but DOCKER_BUILDKIT=0 selects the classic builder") {
		t.Errorf("error = %v, want one that names the variable", err)
	}
	plain := &types.BuildConfig{Context: ".", Target: "final", Network: "host", Tags: []string{"web:2"}, CacheFrom: []string{"web:0"}}
	if err := refuseBuildKit("web", plain, false); err != nil {
		t.Errorf("refused: %v", err)
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
}
