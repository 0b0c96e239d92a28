package loader_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

// TestDotenvThatIsNoFile: whoever puts a .env beside the files counts on it. If
// it cannot be read, whatever it is, that is told.
func TestDotenvThatIsNoFile(t *testing.T) {
	for _, c := range []struct {
		name    string
		make    func(path string) error
		err     string
		warning string
	}{
		{"nothing", func(string) error { return nil }, "", ""},
		{"link to itself", func(path string) error { return os.Symlink(".env", path) }, ".env: too many levels of symbolic links", ""},
		{"link to nothing", func(path string) error { return os.Symlink("gone", path) }, "", "warning: .env: is a link to a file that does not exist"},
		{"link through a file", func(path string) error { return os.Symlink("compose.yaml/x", path) }, ".env: not a directory", ""},
		{"directory", func(path string) error { return os.Mkdir(path, 0o755) }, "", "warning: .env: is a directory"},
	} {
		in := tree(t, map[string]string{"compose.yaml": "services: {a: {image: busybox}}\n"})
		if err := c.make(filepath.Join(in.WorkingDir, ".env")); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, warnings, err := loader.Load(context.Background(), in)
		if got := errorText(err); got != c.err {
			t.Errorf("%s: the error is %q, want %q", c.name, got, c.err)
		}
		said := ""
		for _, w := range warnings {
			said += "warning: " + w.String()
		}
		if !strings.HasPrefix(said, c.warning) || (c.warning == "") != (said == "") {
			t.Errorf("%s: the warnings are %q, want %q", c.name, said, c.warning)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
