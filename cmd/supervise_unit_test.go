//go:build unix

package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const unitFile = "name: shop\nservices: {web: {image: x}}\n"

// TestUnitOfStrangePaths: what a unit cannot say, or systemd not read when it
// starts the unit, is refused before anything is written.
func TestUnitOfStrangePaths(t *testing.T) {
	for name, c := range map[string]struct{ file, env, want string }{
		"plain":          {file: "compose.yaml"},
		"blanks":         {file: "a b'c\"d\\e;f%g$h.yaml"},
		"no variables":   {file: "compose.yaml", env: os.DevNull},
		"a newline":      {file: "a\nExecStartPre=evil.yaml", want: "control characters"},
		"an escape":      {file: "\x1b[2J.yaml", want: "control characters"},
		"an env file":    {file: "compose.yaml", env: "a\rb.env", want: "control characters"},
		"a pipe":         {file: "compose.yaml", env: "PIPE", want: "cannot read /dev/fd/"},
		"standard input": {file: "-", want: "cannot read - when it starts"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newShelf(t, map[string]string{})
			if c.file != "-" {
				h.write(c.file, unitFile)
			}
			args := []string{"-f", c.file}
			if c.env == "PIPE" {
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				_ = w.Close() // it has nothing to say
				c.env = fmt.Sprintf("/dev/fd/%d", r.Fd())
			}
			if c.env != "" {
				if !filepath.IsAbs(c.env) {
					h.write(c.env, "")
				}
				args = append(args, "--env-file", c.env)
			}
			units := filepath.Join(h.dir, "units")
			if err := os.Mkdir(units, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, how := range []string{"--print-unit", "--install"} {
				var out, errs strings.Builder
				app := h.app(&out, &errs)
				app.UnitDir, app.In = units, strings.NewReader(unitFile)
				code := Main(app, append(args, "supervise", how))
				written, err := os.ReadDir(units)
				if err != nil {
					t.Fatal(err)
				}
				if c.want == "" && (code != 0 || len(written) == 0 && how == "--install") {
					t.Errorf("%s: %d\n%s", how, code, errs.String())
				}
				if c.want != "" && (code == 0 || !strings.Contains(errs.String(), c.want) || out.Len() > 0 || len(written) > 0) {
					t.Errorf("%s: %d, want an error of %q\n%s%s", how, code, c.want, errs.String(), out.String())
				}
			}
		})
	}
}
