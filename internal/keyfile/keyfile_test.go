package keyfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestEnsureTogether: all who make the key at the same time get the same one, and
// nobody else can read it.
func TestEnsureTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "muster", "key")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("read before there is one: %v", err)
	}
	got := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			secret, err := Ensure(path)
			if err != nil {
				t.Error(err)
			}
			got[i] = secret
		})
	}
	all.Wait()
	for _, secret := range got {
		if len(secret) != size || !bytes.Equal(secret, got[0]) {
			t.Fatalf("keys differ: %x and %x", secret, got[0])
		}
	}
	if again, err := Read(path); err != nil || !bytes.Equal(again, got[0]) {
		t.Errorf("read again: %x, %v", again, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside it: %v, %v", left, err)
	}
	if bytes.Equal(New(), New()) {
		t.Error("two keys are the same")
	}
}

// TestUnfitKeys: what could be known to others, or is none, is refused and says
// what to do.
func TestUnfitKeys(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		text string
		mode fs.FileMode
		says string
	}{
		"readable": {strings.Repeat("ab", size), 0o644, "readable by others: chmod 600"},
		"short":    {"abcd", 0o600, "contains no key: remove it"},
		"long":     {strings.Repeat("ab", size+8), 0o600, "contains no key: remove it"},
		"empty":    {"", 0o600, "read "},
		"text":     {strings.Repeat("xy", size), 0o600, "contains no key: remove it"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(tc.text), tc.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Ensure(path); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: error = %v, want %q", name, err, tc.says)
		}
	}
	if _, err := Ensure(dir); err == nil {
		t.Error("a folder is taken for a key")
	}
}

// TestPath: the key lies with the state of whoever runs the program, whatever
// another user's environment says.
func TestPath(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	for _, tc := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HOME": home}, home + "/.local/state/muster/key"},
		{map[string]string{"HOME": home, "XDG_STATE_HOME": state}, state + "/muster/key"},
		{map[string]string{"HOME": home, "XDG_STATE_HOME": "state"}, home + "/.local/state/muster/key"},
		{map[string]string{"HOME": home, "XDG_STATE_HOME": home + "/none"}, home + "/.local/state/muster/key"},
	} {
		got, err := Path(func(name string) string { return tc.env[name] })
		if err != nil || got != filepath.FromSlash(tc.want) {
			t.Errorf("with %v: %q, %v, want %q", tc.env, got, err, tc.want)
		}
	}
}
