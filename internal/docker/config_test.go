//go:build unix

package docker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/distribution/reference"
)

// TestBrokenConfigurationStopsNobody: docker's config.json may be missing,
// malformed, unreadable, no file at all, or name a helper program that is not
// installed. Connecting, looking, creating and building go on with a warning that
// is said once; a registry that wants credentials is the one that fails, and says why.
func TestBrokenConfigurationStopsNobody(t *testing.T) {
	for _, tc := range []struct {
		name    string
		put     func(path string) error
		warning string // beginning of the only one; empty if there is none
	}{
		{"none", func(string) error { return nil }, ""},
		{"malformed", text("{"), "read docker configuration "},
		{"empty", text(""), ""},
		{"of another kind", text("[1]"), "read docker configuration "},
		{"a malformed credential", text(`{"auths": {"r.example": {"auth": "%%%"}}}`), "read docker configuration "},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o700) }, "read docker configuration "},
		{"a named pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "read docker configuration "},
		{"a device", func(path string) error { return os.Symlink("/dev/zero", path) }, "read docker configuration "},
		{"a missing store", text(`{"credsStore": "muster-none"}`), "read credentials"},
		{"a missing helper", text(`{"credHelpers": {"r.example": "muster-none"}}`), "read credentials"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tc.put(filepath.Join(dir, "config.json")); err != nil {
				t.Fatal(err)
			}
			var warnings []string
			e, err := Connect(Options{ConfigDir: dir, Getenv: func(string) string { return "" }, Warn: func(text string) { warnings = append(warnings, text) }})
			if err != nil {
				t.Fatalf("connect: %v", err)
			}
			if _, _, err := e.detachKeys(""); err != nil {
				t.Errorf("detach keys: %v", err)
			}
			if _, err := e.credentialsFile(); err != nil {
				t.Errorf("the file of use_api_socket: %v", err)
			}
			if config := e.buildConfig(); config.CredentialsStore != "" || len(config.CredentialHelpers) > 0 {
				t.Errorf("builds ask %q and %q", config.CredentialsStore, config.CredentialHelpers)
			}
			e.proxyVariables("linux")
			e.authConfigs()
			given := e.credentials("r.example")
			if given.auth != "" || (given.broken != nil) != (tc.warning != "") {
				t.Errorf("credentials = %+v", given)
			}
			seen := map[string]bool{}
			for _, w := range warnings {
				if seen[w] || tc.warning == "" || !strings.HasPrefix(w, tc.warning) || !strings.Contains(w, "going on without") {
					t.Errorf("warning %q", w)
				}
				seen[w] = true
			}
			if tc.warning != "" && len(warnings) == 0 {
				t.Error("nothing was said")
			}
			named, err := reference.ParseNormalizedNamed("r.example/private:1")
			if err != nil {
				t.Fatal(err)
			}
			failed := e.registryError(t.Context(), "pull", named, "r.example/private:1", given, errors.New("unauthorized: authentication required"))
			why := "none are stored"
			if tc.warning != "" {
				why = "cannot read them (" + tc.warning
			}
			if !strings.Contains(failed.Error(), why) {
				t.Errorf("err = %v, want one that says %q", failed, why)
			}
		})
	}
}

func text(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
}
