//go:build unix

package loader_test

import (
	"path/filepath"
	"syscall"
	"testing"
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
