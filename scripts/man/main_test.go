package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/cmd"
)

// TestPages: every command has a page with its flags, and the same one each time.
func TestPages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, folder := range []string{first, second} {
		if err := write(folder); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cmd.Tree(&cmd.App{}).Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue // cobra's own
		}
		name := "muster-" + c.Name() + ".1"
		page, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if again, err := os.ReadFile(filepath.Join(second, name)); err != nil || string(again) != string(page) {
			t.Errorf("%s differs the second time: %v", name, err)
		}
		if !strings.Contains(string(page), "--help") || !strings.Contains(string(page), c.Short[:5]) {
			t.Errorf("%s says nothing of the command:\n%s", name, page)
		}
	}
}
