// Package plugins runs programs that others wrote: those that provide services
// which are no containers, and the one that serves language models. It finds them
// where the Docker CLI keeps its plugins.
package plugins

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// find is the program of the Docker CLI's plugin of that name, or empty. The
// environment says where the user's own plugins are.
func find(env []string, name string) string {
	config := variable(env, "DOCKER_CONFIG")
	if config == "" {
		config = filepath.Join(variable(env, "HOME"), ".docker")
	}
	for _, dir := range []string{
		filepath.Join(config, "cli-plugins"), "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
		"/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
	} {
		if path := filepath.Join(dir, "docker-"+name); executable(path) {
			return path
		}
	}
	return ""
}

// executable reports whether there is a program at the path.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// variable is the value of a variable of an environment; later entries win.
func variable(env []string, name string) string {
	for _, e := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}
