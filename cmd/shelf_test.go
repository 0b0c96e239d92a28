package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/docker"
	"github.com/musterdev/muster/internal/memengine"
	"github.com/musterdev/muster/internal/patience"
)

// shelf is a folder with files, and an engine in memory.
type shelf struct {
	*testing.T
	dir    string
	env    []string
	engine *memengine.Engine
}

// newShelf has the files, contents by name, in a folder that is called shop.
func newShelf(t *testing.T, files map[string]string) *shelf {
	t.Helper()
	parent, err := os.MkdirTemp("", "shelf")
	if err != nil {
		t.Fatal(err)
	}
	// A command that was left at a second signal may still write something.
	t.Cleanup(func() {
		if !patience.InMemory().Wait(context.Background(), func() bool { return os.RemoveAll(parent) == nil }) {
			t.Errorf("%s cannot be removed", parent)
		}
	})
	h := &shelf{T: t, dir: filepath.Join(parent, "shop"), engine: memengine.New()}
	t.Cleanup(h.engine.Shutdown)
	h.engine.AddImage(memengine.Image{Ref: "muster-test/busybox:1", Programs: memengine.Busybox()})
	h.env = []string{"HOME=" + h.dir}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		h.write(name, text)
	}
	return h
}

func (h *shelf) write(name, text string) {
	h.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
}

// run runs one command line to its end.
func (h *shelf) run(args ...string) (stdout, stderr string, code int) {
	h.Helper()
	var out, errs bytes.Buffer
	code = Main(h.app(&out, &errs), args)
	return out.String(), errs.String(), code
}

func (h *shelf) app(out, errs io.Writer) *App {
	return &App{
		In: strings.NewReader(""), Out: out, Err: errs, Env: h.env, Dir: h.dir, Version: "v1.2.3", LockDir: filepath.Join(h.dir, ".locks"),
		Connect: func(docker.Options) (engine.Engine, error) { return h.engine, nil },
	}
}

// must is run for what has to succeed.
func (h *shelf) must(args ...string) (stdout string) {
	h.Helper()
	out, errs, code := h.run(args...)
	if code != 0 {
		h.Fatalf("muster %s ends with code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}
