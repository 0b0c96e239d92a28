//go:build unix

package loader_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/loader"
)

// TestPipesAreRefused makes sure that nothing waits for the other end of one.
func TestPipesAreRefused(t *testing.T) {
	for _, c := range []struct{ pipe, compose string }{
		{"compose.yaml", ""},
		{"more.yaml", "include: [more.yaml]\nservices: {web: {image: busybox}}\n"},
		{"base.yaml", "services: {web: {extends: {file: base.yaml, service: web}}}\n"},
		{"web.env", "services: {web: {image: busybox, env_file: web.env}}\n"},
		{"web.labels", "services: {web: {image: busybox, label_file: web.labels}}\n"},
		{".env", "services: {web: {image: busybox}}\n"},
	} {
		t.Run(c.pipe, func(t *testing.T) {
			files := map[string]string{"other": ""}
			if c.compose != "" {
				files["compose.yaml"] = c.compose
			}
			in := tree(t, files)
			if err := syscall.Mkfifo(filepath.Join(in.WorkingDir, c.pipe), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, in, c.pipe+": not a regular file")
		})
	}
}

// TestOneOffEnvFilesAreRegular: of --env-from-file too.
func TestOneOffEnvFilesAreRegular(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox}}\n"})
	pipe := filepath.Join(in.WorkingDir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p, _, err := loader.Load(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{pipe: "a named pipe", "/dev/zero": "a device", in.WorkingDir: "is a directory"} {
		_, err := loader.RunProject(p, "web", loader.OneOff{EnvFiles: []string{file}})
		if err == nil || !strings.Contains(err.Error(), file+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want one that says %s: %s", err, file, want)
		}
	}
}
