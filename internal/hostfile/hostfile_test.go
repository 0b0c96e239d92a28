//go:build unix

package hostfile_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/internal/hostfile"
)

// oddFolder is a folder with what is no file: a folder, a socket, and a link to itself.
func oddFolder(t *testing.T) (at func(name string) string, must func(error)) {
	t.Helper()
	dir := t.TempDir()
	at = func(name string) string { return filepath.Join(dir, name) }
	must = func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(at("folder"), 0o700))
	must(os.Symlink("loop", at("loop")))
	l, err := net.Listen("unix", at("socket"))
	must(err)
	t.Cleanup(func() { must(l.Close()) })
	return at, must
}

// TestOnlyRegularFilesAreRead puts everything that a name can stand for where a
// file is wanted. Each is told at once; a test that hangs has failed.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	at, must := oddFolder(t)
	must(os.WriteFile(at("file"), []byte("12345"), 0o600))
	must(syscall.Mkfifo(at("pipe"), 0o600))
	must(os.Symlink("pipe", at("link")))
	must(os.Symlink("file", at("good")))
	for _, tc := range []struct{ path, want string }{
		{"file", ""},
		{"good", ""},
		{"folder", "is a directory"},
		{"pipe", "not a regular file but a named pipe"},
		{"link", "not a regular file but a named pipe"},
		{"socket", "not a regular file but a socket"},
		{"/dev/zero", "not a regular file but a device"},
		{"loop", "too many levels of symbolic links"},
		{"none", "no such file"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			path := tc.path
			if !filepath.IsAbs(path) {
				path = at(path)
			}
			content, err := hostfile.Read(path, 5)
			if tc.want == "" && (err != nil || string(content) != "12345") {
				t.Fatalf("%q, %v", content, err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path)) {
				t.Errorf("err = %v, want one that says %q and the path", err, tc.want)
			}
			if kind := (*hostfile.KindError)(nil); strings.HasPrefix(tc.want, "not a regular") && !errors.As(err, &kind) {
				t.Errorf("err = %v is no KindError", err)
			}
		})
	}
	if _, err := hostfile.Open(at("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
	var size *hostfile.SizeError
	if _, err := hostfile.Read(at("file"), 4); !errors.As(err, &size) || size.Limit != 4 {
		t.Errorf("err = %v", err)
	}
}

// TestArchiveEndsWithWhatWasThere: of a file that grows as fast as it is read,
// what it held when it was opened.
func TestArchiveEndsWithWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	grow, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer grow.Close()
	r, w := io.Pipe()
	go func() {
		to := tar.NewWriter(writes(func(p []byte) (int, error) {
			if _, err := grow.Write(p); err != nil { // as much as has been read
				return 0, err
			}
			return w.Write(p)
		}))
		err := hostfile.Archive(to, &tar.Header{Name: "log", Mode: 0o600}, path)
		w.CloseWithError(errors.Join(err, to.Close()))
	}()
	archive := tar.NewReader(r)
	h, err := archive.Next()
	if err != nil || h.Size != 100_000 {
		t.Fatalf("%+v, %v", h, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
}

type writes func([]byte) (int, error)

func (w writes) Write(p []byte) (int, error) { return w(p) }
