//go:build unix

package docker

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBuildContextsReadRegularFilesOnly: the classic builder's context is made
// here, and must neither wait for a pipe nor read a device.
func TestBuildContextsReadRegularFilesOnly(t *testing.T) {
	for _, name := range []string{"Dockerfile", "Dockerfile.dockerignore", ".dockerignore"} {
		for kind, put := range map[string]func(path string) error{
			"a named pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"a device":     func(path string) error { return os.Symlink("/dev/zero", path) },
			"larger than":  func(path string) error { return os.Truncate(path, 1<<40) },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n", "x": ""})
				path := filepath.Join(dir, name)
				if kind == "larger than" {
					if err := os.WriteFile(path, nil, 0o600); err != nil {
						t.Fatal(err)
					}
				} else if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := put(path); err != nil {
					t.Fatal(err)
				}
				_, err := openContext(dir, "", "")
				if err == nil || !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), path) {
					t.Errorf("err = %v, want one that says %q and where", err, kind)
				}
			})
		}
	}
	// What lies about in the context is no part of an image.
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n", "x": ""})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero")); err != nil {
		t.Fatal(err)
	}
	b, err := openContext(dir, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(sent(t, b), " "); got != "Dockerfile x zero" {
		t.Errorf("sent %s", got)
	}
}

// TestInlineDockerfilesLeaveOtherFoldersAlone: an ignore file beside which the
// command happens to run is not the context's.
func TestInlineDockerfilesLeaveOtherFoldersAlone(t *testing.T) {
	t.Chdir(folder(t, map[string]string{".dockerignore": "*\n"}))
	b, err := openContext(folder(t, map[string]string{"x": ""}), "", "FROM scratch\nCOPY x /\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := sent(t, b); len(got) != 3 {
		t.Errorf("sent %v, want the Dockerfile, what hides it, and x", got)
	}
}
