//go:build e2e

package cmd

import (
	"os/exec"
	"strings"
	"testing"
)

// A shell in a container has the size of the terminal, follows it, gets Ctrl-C
// itself, and its exit code is muster's.
func testExecTerminal(_ *testing.T, w *binaryWorld) {
	w.muster("up", "-d")
	shell := w.onTerminal("exec", "web", "sh")
	shell.sees("# ")
	shell.types("until stty size 2>/dev/null | grep -q ^24; do sleep 0.1; done; stty size\r") // it is passed on beside the shell's start
	shell.sees(`^24 80\r$`)
	shell.resize(100, 30)
	shell.types("until stty size | grep -q ^30; do sleep 0.1; done; stty size\r")
	shell.sees(`^30 100\r$`)
	shell.types("sh -c 'echo it''s on; exec sleep 1000'\r")
	shell.sees(`^its on\r$`)
	shell.types("\x03")
	shell.types("echo code $?\r")
	shell.sees(`^code 130\r$`)
	shell.types("exit 9\r")
	shell.ends(9)
}

// Without a terminal bytes pass as they are, and the end of the input does.
func testExecPiped(t *testing.T, w *binaryWorld) {
	w.muster("up", "-d")
	c := w.command(t.Context(), w.binary, "exec", "-T", "web", "sh", "-c", "cat; echo done >&2; exit 7")
	var out, errs strings.Builder
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader("a\x00b\r\nc"), &out, &errs
	err := c.Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 7 {
		t.Errorf("%v, want exit code 7", err)
	}
	if out.String() != "a\x00b\r\nc" || errs.String() != "done\n" {
		t.Errorf("standard output %q, standard error %q", out.String(), errs.String())
	}
}

// Who leaves with the detach keys leaves the container running, with code 0.
func testRunDetached(t *testing.T, w *binaryWorld) {
	shell := w.onTerminal("run", "--name", w.project+"-shell", "web", "sh")
	shell.sees("# ")
	shell.types("\x10")
	shell.types("echo still here\r") // half of the keys is not all of them
	shell.sees(`^still here\r$`)
	shell.types("\x10\x11")
	shell.ends(0)
	if got := w.muster("ps", "-a", "--format", "{{.Name}} {{.State}}"); !strings.Contains(got, w.project+"-shell running") {
		t.Errorf("it does not go on: %s", got)
	}
}

// The keys of config.json leave too, and a flag beats them.
func testAttachDetached(_ *testing.T, w *binaryWorld) {
	w.write("config.json", `{"detachKeys": "ctrl-x"}`)
	w.write("compose.yaml", "services: {web: {image: muster-test/busybox:1, command: sh, tty: true, stdin_open: true}}")
	w.muster("up", "-d")
	first := w.onTerminal("attach", "web")
	first.types("echo o$((1))ne\r")
	first.sees("o1ne")
	first.types("\x18")
	first.ends(0)
	second := w.onTerminal("attach", "--detach-keys", "ctrl-y,z", "web")
	second.types("echo t$((2))wo\r")
	second.sees("t2wo")
	second.types("\x18") // means nothing now
	second.types("\x19z")
	second.ends(0)
	third := w.onTerminal("attach", "--detach-keys", "hyper-q", "web")
	third.sees(`detach keys "hyper-q": give characters`)
	third.ends(1)
}

// After a session the terminal shows and edits lines as before.
func testTerminalRestored(_ *testing.T, w *binaryWorld) {
	w.muster("up", "-d")
	host := w.startTerminal("sh", "-c", "stty -g; "+w.binary+" exec web sh; stty -g")
	host.sees("# ")
	host.types("exit\r")
	host.ends(0)
	text, _ := host.capture.next()
	lines := strings.Split(strings.TrimSpace(text), "\r\n")
	if first, last := lines[0], lines[len(lines)-1]; first != last || first == "" {
		w.Errorf("the terminal was %s and is %s", first, last)
	}
}

// The menu of an attached up, with stop and continue of its process.
func testMenuTerminal(_ *testing.T, w *binaryWorld) {
	up := w.onTerminal("up")
	up.sees("web is up")
	up.sees("w Enable Watch")
	up.types("w") // counts while up works, too
	up.sees("Watch enabled")
	w.write("src/page", "second")
	up.sees(`Syncing service "web"`)
	up.types("r1")
	up.sees(`exited with code`)
	up.sees(`(?s)web is up.*web is up`)
	up.types("d")
	up.sees("Detached")
	up.ends(0)
	second := w.onTerminal("up")
	second.sees("w Enable Watch")
	second.types("\x03")
	second.sees("Gracefully Stopping")
	second.ends(130)
}

// logs -f goes on over a restart, and Ctrl-C ends it.
func testLogsTerminal(_ *testing.T, w *binaryWorld) {
	w.muster("up", "-d")
	logs := w.onTerminal("logs", "-f", "web")
	logs.sees("web is up")
	w.muster("restart", "-t", "0", "web")
	logs.sees(`(?s)web is up.*web is up`)
	logs.types("\x03")
	logs.ends(130)
}

// stats draws again and again until Ctrl-C.
func testStatsTerminal(_ *testing.T, w *binaryWorld) {
	w.muster("up", "-d")
	stats := w.onTerminal("stats")
	stats.sees(w.project + `-web-1.*%`)
	stats.sees(`(?s)` + w.project + `-web-1.*%.*` + w.project + `-web-1.*%`)
	stats.types("\x03")
	stats.ends(130)
}
