//go:build e2e

package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/testrun"
)

const binaryStack = `
services:
  web:
    image: muster-test/busybox:1
    command: sh -c "echo web is up; trap 'exit 0' TERM; while :; do sleep 0.1; done"
    develop:
      watch: [{path: src, target: /src, action: sync}]
  worker:
    image: muster-test/busybox:1
    command: sleep 1000
    init: true
    profiles: [extra]
`

// TestBinary is what only the built program on a terminal, as a plugin or under
// another name can show.
func TestBinary(t *testing.T) {
	run := testrun.Current(t)
	binary := run.Muster(t)
	for name, test := range map[string]func(*testing.T, *binaryWorld){
		"exec on a terminal":       testExecTerminal,
		"exec into a pipe":         testExecPiped,
		"run, left with keys":      testRunDetached,
		"attach, left with keys":   testAttachDetached,
		"the terminal is restored": testTerminalRestored,
		"menu":                     testMenuTerminal,
		"logs over a restart":      testLogsTerminal,
		"stats":                    testStatsTerminal,
		"plugin":                   testPlugin,
		"standalone":               testStandalone,
		"completion in bash":       testBashCompletion,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBinaryWorld(t, run, binary)
			test(t, w)
		})
	}
}

// binaryWorld is a project of its own in a folder of its own.
type binaryWorld struct {
	*testing.T
	binary, dir, project string
	env                  []string
}

func newBinaryWorld(t *testing.T, run *testrun.Run, binary string) *binaryWorld {
	w := &binaryWorld{T: t, binary: binary, dir: t.TempDir()}
	_, name, _ := strings.Cut(strings.ToLower(t.Name()), "/")
	w.project = run.Name("bin-" + strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(name, "-"), "-"))
	w.env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+w.project, "TERM=xterm", "HOME="+w.dir, "DOCKER_CONFIG="+w.dir)
	w.write("compose.yaml", binaryStack)
	w.write("src/page", "first")
	t.Cleanup(func() {
		down := w.command(context.Background(), w.binary, "down", "-t", "0", "-v", "--remove-orphans")
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("down: %v\n%s", err, out)
		}
	})
	testrun.ExplainFailure(t, testrun.Onlooker{}, w.project)
	return w
}

func (w *binaryWorld) write(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

func (w *binaryWorld) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = w.dir, w.env
	return c
}

// muster runs to its end and gives what it printed, standard error included.
func (w *binaryWorld) muster(args ...string) string {
	w.Helper()
	return w.capture(w.binary, args...)
}

func (w *binaryWorld) capture(name string, args ...string) string {
	w.Helper()
	out, err := w.command(w.Context(), name, args...).CombinedOutput()
	if err != nil {
		w.Fatalf("%s %q: %v\n%s", filepath.Base(name), args, err, out)
	}
	return string(out)
}

// onTerminal starts muster on a terminal of 80 columns and 24 rows.
func (w *binaryWorld) onTerminal(args ...string) *terminal {
	w.Helper()
	return w.startTerminal(w.binary, args...)
}

func (w *binaryWorld) startTerminal(name string, args ...string) *terminal {
	w.Helper()
	c := w.command(w.Context(), name, args...)
	screen, err := pty.StartWithSize(c, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		w.Fatal(err)
	}
	t := &terminal{T: w.T, screen: screen, ended: make(chan error, 1), read: make(chan struct{})}
	go func() {
		defer close(t.read)
		_, _ = io.Copy(&t.capture, screen) // ends with EIO when the program does
	}()
	go func() { t.ended <- c.Wait() }()
	w.Cleanup(func() { _ = screen.Close() })
	return t
}

// terminal is a program on a terminal.
type terminal struct {
	*testing.T
	screen  *os.File
	capture capture
	ended   chan error
	read    chan struct{}
}

func (t *terminal) types(text string) {
	t.Helper()
	if _, err := io.WriteString(t.screen, text); err != nil {
		t.Fatal(err)
	}
}

// sees waits until what was printed since the start matches.
func (t *terminal) sees(want string) {
	t.Helper()
	pattern := regexp.MustCompile("(?m)" + want)
	hangs := patience.OfEngine().Out(t.Context())
	for {
		text, more := t.capture.next()
		if pattern.MatchString(text) {
			return
		}
		select {
		case <-more:
		case <-t.read:
			if text, _ := t.capture.next(); !pattern.MatchString(text) {
				t.Fatalf("it ended before %q came\n%q", want, text)
			}
		case <-hangs:
			t.Fatalf("%q does not come\n%q", want, text)
		}
	}
}

// code waits for the end of the program and gives its exit code.
func (t *terminal) code() int {
	t.Helper()
	select {
	case err := <-t.ended:
		<-t.read
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0
	case <-patience.OfEngine().Out(t.Context()):
		text, _ := t.capture.next()
		t.Fatalf("it does not end\n%q", text)
	}
	return -1
}

func (t *terminal) ends(want int) {
	t.Helper()
	if got := t.code(); got != want {
		text, _ := t.capture.next()
		t.Fatalf("exit code %d, want %d\n%q", got, want, text)
	}
}

func (t *terminal) resize(columns, rows uint16) {
	t.Helper()
	if err := pty.Setsize(t.screen, &pty.Winsize{Cols: columns, Rows: rows}); err != nil {
		t.Fatal(err)
	}
}
