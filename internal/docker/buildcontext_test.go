package docker

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder writes files, whose names may end in a slash, and returns where.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sent are the names in the archive, but for folders.
func sent(t *testing.T, b *buildContext) []string {
	t.Helper()
	r := b.stream(t.Context())
	defer r.Close()
	var names []string
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if err == io.EOF {
			slices.Sort(names)
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s has an owner", h.Name)
		}
		if h.Typeflag != tar.TypeDir {
			names = append(names, h.Name)
		}
	}
}

func TestBuildContext(t *testing.T) {
	for _, tc := range []struct {
		name               string
		files              map[string]string
		dockerfile, inline string
		want               string
	}{
		{"everything", map[string]string{"Dockerfile": "", "a/b/c": "", "d": ""}, "", "", "Dockerfile a/b/c d"},
		{"ignored", map[string]string{"Dockerfile": "", "a/b": "", "a/c": "", "x.log": "", "y/x.log": "", ".dockerignore": "a\n!a/c\n**/*.log\nDockerfile\n.dockerignore\n"},
			"", "", ".dockerignore Dockerfile a/c"},
		{"only some", map[string]string{"Dockerfile": "", "src/main.go": "", "src/deep/x": "", "other": "", ".dockerignore": "*\n!src\n"}, "", "", ".dockerignore Dockerfile src/deep/x src/main.go"},
		{"a Dockerfile of another name", map[string]string{"docker/Web": "", "x": "", "y": "", "docker/Web.dockerignore": "x\n", ".dockerignore": "y\n"},
			"docker/Web", "", ".dockerignore docker/Web docker/Web.dockerignore y"},
		{"inline", map[string]string{"x": "", ".dockerignore": "x\n"}, "", "FROM scratch\n", ".dockerfile.c9e3a61afb42 .dockerignore"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := openContext(folder(t, tc.files), tc.dockerfile, tc.inline)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(sent(t, b), " ")
			if tc.inline != "" {
				got = strings.ReplaceAll(got, b.dockerfile, ".dockerfile.c9e3a61afb42")
			}
			if got != tc.want {
				t.Errorf("sent %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestBuildContextElsewhere(t *testing.T) {
	dir := folder(t, map[string]string{"ctx/x": "", "Else": "FROM scratch\n"})
	b, err := openContext(filepath.Join(dir, "ctx"), "../Else", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := sent(t, b); len(got) != 3 || got[0] != b.dockerfile || got[1] != ".dockerignore" || got[2] != "x" {
		t.Errorf("sent %v, want the Dockerfile, what hides it, and x", got)
	}
	if _, err := openContext(dir, "none", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v, want that there is none", err)
	}
	if _, err := openContext(filepath.Join(dir, "Else"), "", ""); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("error = %v, want that not a directory", err)
	}
}
