//go:build unix

package hostfile_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/internal/hostfile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// TestWriteKeepsWhatStandsThere: what is written to a name never takes the place of
// anything but a regular file. A link stays and leads to what was written; what is no
// file gets the bytes, or is refused.
func TestWriteKeepsWhatStandsThere(t *testing.T) {
	at, must := oddFolder(t)
	must(os.WriteFile(at("old"), []byte("old"), 0o644))
	must(os.Symlink("old", at("link")))
	must(os.Symlink("folder/new", at("ahead")))
	for name, want := range map[string]string{
		"new": "", "old": "", "link": "", "ahead": "",
		"folder": "is a directory", "socket": "not a regular file but a socket", "loop": "too many levels of symbolic links", "none/x": "no such file or directory",
	} {
		before, _ := os.Lstat(at(name))
		err := hostfile.Write(t.Context(), at(name), text("fresh"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "write "+at(name)+": "+want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if after, err := os.Lstat(at(name)); before != nil && (err != nil || after.Mode().Type() != before.Mode().Type()) {
			t.Errorf("%s was a %s and is %v, %v", name, before.Mode().Type(), after, err)
		}
	}
	for _, name := range []string{"new", "old", "folder/new"} {
		if got, err := os.ReadFile(at(name)); err != nil || string(got) != "fresh" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if info, err := os.Stat(at(name)); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %s", name, info.Mode())
		}
	}
	left, err := filepath.Glob(at(".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestWriteFailsAsAWhole: a file that could not be written to its end does not appear.
func TestWriteFailsAsAWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	broken := errors.New("broken")
	err := hostfile.Write(t.Context(), name, func(w io.Writer) error {
		return errors.Join(text("half")(w), broken)
	})
	if entries, listed := os.ReadDir(filepath.Dir(name)); !errors.Is(err, broken) || listed != nil || len(entries) > 0 {
		t.Errorf("%v; the folder has %v, %v", err, entries, listed)
	}
}

// TestWriteToAPipe: what is read from it arrives; a pipe that nobody reads is waited
// for until the command ends.
func TestWriteToAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ended)
	if err := hostfile.Write(ctx, pipe, text("lost")); !errors.Is(err, ended) {
		t.Errorf("error = %v, want that of the context", err)
	}
	other := filepath.Join(t.TempDir(), "pipe") // a device is written to likewise; a test that breaks one breaks the machine
	if err := errors.Join(syscall.Mkfifo(other, 0o600), os.Symlink(other, other+"-link")); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(other)
		if err != nil {
			t.Error(err)
		}
		got <- string(b)
	}()
	if err := hostfile.Write(t.Context(), other+"-link", text("fresh")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "fresh" {
		t.Errorf("the reader got %q", s)
	}
	if info, err := os.Lstat(other); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("the pipe is %v, %v", info, err)
	}
}
