// Package plugin finds the plugins of the Docker CLI.
package plugin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Find is the program of the Docker CLI's plugin of that name, or empty. The
// environment says where the user's own plugins are.
func Find(env []string, name string) string {
	config := Variable(env, "DOCKER_CONFIG")
	if config == "" {
		config = filepath.Join(Variable(env, "HOME"), ".docker")
	}
	for _, dir := range []string{
		filepath.Join(config, "cli-plugins"), "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
		"/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
	} {
		if path := filepath.Join(dir, "docker-"+name); Executable(path) {
			return path
		}
	}
	return ""
}

// Executable reports whether there is a program at the path.
func Executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// Variable is the value of a variable of an environment; later entries win.
func Variable(env []string, name string) string {
	for _, e := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}
