//go:build unix

package build

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/builder"
	"github.com/musterdev/muster/project"
)

// TestBuildsReadRegularFilesOnly puts what is no regular file at every place that
// a build reads, and holds the request to an error that names the place at once.
// The builder would wait for a pipe and never end with a device.
func TestBuildsReadRegularFilesOnly(t *testing.T) {
	kinds := map[string]func(path string) error{
		"a named pipe":             func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device":                 func(path string) error { return os.Symlink("/dev/zero", path) },
		"is a directory":           func(path string) error { return os.Mkdir(path, 0o700) },
		"levels of symbolic links": func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"larger than":              func(path string) error { return os.Truncate(create(path), 1<<40) },
	}
	places := []struct {
		path, key string
		change    func(dir string, p *types.Project, b *types.BuildConfig)
	}{
		{"Dockerfile", "services.app.build.dockerfile", nil},
		{"Dockerfile.dockerignore", "services.app.build.dockerfile", nil},
		{".dockerignore", "build context", nil},
		{"other/.dockerignore", "additional_contexts.more", func(dir string, _ *types.Project, b *types.BuildConfig) {
			b.AdditionalContexts = types.Mapping{"more": filepath.Join(dir, "other")}
		}},
		{"token", "secrets: token", func(dir string, p *types.Project, b *types.BuildConfig) {
			p.Secrets = types.Secrets{"token": {File: filepath.Join(dir, "token")}}
			b.Secrets = []types.ServiceSecretConfig{{Source: "token"}}
		}},
		{"key", "ssh.git", func(_ string, _ *types.Project, b *types.BuildConfig) {
			b.SSH = types.SSHConfig{{ID: "git", Path: "key"}}
		}},
	}
	for kind, put := range kinds {
		for _, place := range places {
			if kind == "larger than" && place.path == "key" {
				continue // of which the agent reads a beginning only
			}
			t.Run(place.path+" "+kind, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.Mkdir(filepath.Join(dir, "other"), 0o700); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, place.path)
				if place.path != "Dockerfile" {
					create(filepath.Join(dir, "Dockerfile"))
				}
				if err := put(path); err != nil {
					t.Fatal(err)
				}
				b := types.BuildConfig{Context: dir}
				compose := types.Project{Name: "p", WorkingDir: dir}
				if place.change != nil {
					place.change(dir, &compose, &b)
				}
				compose.Services = types.Services{"app": {Name: "app", Build: &b}}
				p, err := project.New(project.Input{Compose: &compose})
				if err != nil {
					t.Fatal(err)
				}
				_, err = newRequest(engine.BuildSpec{Project: p, Service: p.Services[0]}, builder.Options{})
				if err == nil {
					t.Fatal("there is no error")
				}
				for _, want := range []string{kind, place.key, path} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error %q does not say %q", err, want)
					}
				}
			})
		}
	}
}

// create makes an empty file and returns its path.
func create(path string) string {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		panic(err) // in a folder of the test's own
	}
	return path
}
