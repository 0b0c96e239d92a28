package lock

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestNotes: notes lie beside the locks, by engine and project, and go when they
// are old, as do those that a killed run left half written.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	opt := options(dir)
	if got := Notes(opt); got != nil {
		t.Errorf("notes of nobody: %q", got)
	}
	for _, text := range []string{"one", "", "a longer second"} {
		if err := Note(opt, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := Notes(opt); string(got) != text {
			t.Errorf("notes = %q, want %q", got, text)
		}
	}
	other := opt
	other.Project = "other"
	if got := Notes(other); got != nil {
		t.Errorf("notes of another project: %q", got)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"+notesKind))
	if err != nil || len(left) != 1 {
		t.Fatalf("files %v, %v", left, err)
	}
	if info, err := os.Stat(left[0]); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	// Those of today outlive the locks that are taken meanwhile.
	if err := acquire(t, opt).Release(); err != nil {
		t.Fatal(err)
	}
	if err := Note(opt, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	sweep(opt.Folders[0])
	if string(Notes(opt)) != "kept" {
		t.Error("fresh notes were taken away")
	}
	old := time.Now().Add(-notesAge - time.Hour)
	if err := os.Chtimes(left[0], old, old); err != nil {
		t.Fatal(err)
	}
	if got := Notes(opt); got != nil {
		t.Errorf("old notes: %q", got)
	}
	sweep(opt.Folders[0])
	if left, _ = filepath.Glob(filepath.Join(dir, "*"+notesKind)); len(left) != 0 {
		t.Errorf("old notes are left: %v", left)
	}
}
