//go:build unix

package loader_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterdev/muster/loader"
)

// TestPipesAreRefused makes sure that nothing waits for the other end of one that
// is found or that a file names.
func TestPipesAreRefused(t *testing.T) {
	for _, c := range []struct{ pipe, compose string }{
		{"compose.yaml", ""},
		{"more.yaml", "include: [more.yaml]\nservices: {web: {image: busybox}}\n"},
		{"base.yaml", "services: {web: {extends: {file: base.yaml, service: web}}}\n"},
		{"web.env", "services: {web: {image: busybox, env_file: web.env}}\n"},
		{"web.labels", "services: {web: {image: busybox, label_file: web.labels}}\n"},
		{".env", "services: {web: {image: busybox}}\n"},
	} {
		t.Run(c.pipe, func(t *testing.T) {
			files := map[string]string{"other": ""}
			if c.compose != "" {
				files["compose.yaml"] = c.compose
			}
			in := tree(t, files)
			if err := syscall.Mkfifo(filepath.Join(in.WorkingDir, c.pipe), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, in, c.pipe+": not a regular file")
		})
	}
}

// TestPipesOnTheCommandLine: what a shell hands over as <(command), or as standard
// input by its path, is read. Loads that share what was read see the same; what the
// environment or another file names stays a regular file.
func TestPipesOnTheCommandLine(t *testing.T) {
	in := tree(t, map[string]string{
		"compose.yaml": "services: {web: {image: busybox, labels: {said: \"${SAID}\"}}}\n",
		"empty.yaml":   "services: {web: {image: busybox, env_file: /dev/null}}\n",
	})
	in.Files = []string{"compose.yaml", said(t, "services: {more: {image: busybox}}\n")}
	in.EnvFiles = []string{"/dev/null", said(t, "SAID=hello\n")}
	in.Pipes = new(loader.Pipes)
	for range 2 {
		p := load(t, in)
		if p.Service("more") == nil || p.Service("web").Spec.Labels["said"] != "hello" || p.Dir != in.WorkingDir {
			t.Fatalf("%+v", p)
		}
	}
	one, err := loader.RunProject(t.Context(), load(t, in), "web", loader.OneOff{EnvFiles: []string{said(t, "A=1\n"), "/dev/null"}})
	if err != nil || *one.Service("web").Spec.Environment["A"] != "1" {
		t.Fatalf("%+v, %v", one, err)
	}
	in.Files = []string{"empty.yaml"}
	load(t, in)

	in.Files, in.EnvFiles = nil, nil
	for _, variable := range []string{"COMPOSE_FILE", "COMPOSE_ENV_FILES"} {
		named := in
		named.Env = append(named.Env[:1:1], variable+"="+said(t, "SAID=1\n"))
		refused(t, named, "not a regular file but a named pipe")
	}
}

// TestStreamsHaveALimit: what has no end is given up like a file that is too large.
func TestStreamsHaveALimit(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox}}\n"})
	for _, endless := range []loader.Input{{Files: []string{"/dev/zero"}}, {EnvFiles: []string{"/dev/zero"}}} {
		in.Files, in.EnvFiles = endless.Files, endless.EnvFiles
		refused(t, in, "/dev/zero: larger than ")
	}
	in.Files, in.EnvFiles = nil, nil
	p := load(t, in)
	for file, want := range map[string]string{"/dev/zero": "larger than", in.WorkingDir: "is a directory"} {
		_, err := loader.RunProject(t.Context(), p, "web", loader.OneOff{EnvFiles: []string{file}})
		if err == nil || !strings.Contains(err.Error(), file+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want one that says %s: %s", err, file, want)
		}
	}
}

// TestWaitingForAPipeEnds with the load: for one that nobody has opened, one that
// nobody closes, and standard input.
func TestWaitingForAPipeEnds(t *testing.T) {
	in := tree(t, map[string]string{"compose.yaml": "services: {web: {image: busybox}}\n"})
	unopened := filepath.Join(in.WorkingDir, "pipe")
	if err := syscall.Mkfifo(unopened, 0o600); err != nil {
		t.Fatal(err)
	}
	open, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	defer w.Close()
	end := errors.New("Ctrl-C")
	for _, waiting := range []loader.Input{
		{Files: []string{unopened}}, {EnvFiles: []string{unopened}}, {Files: []string{path(open)}}, {Files: []string{"-"}, Stdin: open},
	} {
		in.Files, in.EnvFiles, in.Stdin = waiting.Files, waiting.EnvFiles, waiting.Stdin
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, _, err := loader.Load(ctx, in)
			done <- err
		}()
		cancel(end)
		if err := <-done; !errors.Is(err, end) {
			t.Errorf("%+v: err = %v", waiting, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(end)
	in.Files, in.EnvFiles = nil, nil
	if _, err := loader.RunProject(ctx, load(t, in), "web", loader.OneOff{EnvFiles: []string{unopened}}); !errors.Is(err, end) {
		t.Errorf("err = %v", err)
	}
}

// said is the path of a pipe that holds the text, as shells name it.
func said(t *testing.T, text string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path(r)
}

func path(f *os.File) string { return fmt.Sprintf("/dev/fd/%d", f.Fd()) }
