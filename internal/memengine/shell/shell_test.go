package shell_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/internal/memengine/shell"
)

// outcome is what a script leaves behind.
type outcome struct {
	script         string
	stdout, stderr string
	code           int
}

// hold runs scripts with three variables, each on a harness of its own.
func hold(t *testing.T, outcomes []outcome) {
	t.Helper()
	for _, want := range outcomes {
		t.Run(want.script, func(t *testing.T) {
			h := newHarness()
			h.Env = []string{"NAME=ada", "TWICE=first", "B=two  words", "TWICE=last"}
			h.contents["/etc/motd"] = "hello\n"
			h.run(want.script)
			got := outcome{want.script, h.stdout.String(), h.stderr.String(), h.code}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if !h.ended {
				t.Error("the script has not ended")
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for script, want := range map[string]string{
		`echo 'a`:                           "unterminated quoted string",
		`echo "a`:                           "unterminated quoted string",
		`echo "a\"`:                         "unterminated quoted string",
		"while true":                        `syntax error: "do" is missing`,
		"until true; do echo a":             `syntax error: "done" is missing`,
		"if true; fi":                       `syntax error: "then" is missing`,
		"if true; then echo a":              `syntax error: "fi" is missing`,
		"if true; then echo a; else echo b": `syntax error: "fi" is missing`,
		"done":                              `syntax error: unexpected "done"`,
		"echo a; fi; echo b":                `syntax error: unexpected "fi"`,
		"echo a >":                          `syntax error: ">" needs a file`,
		"echo a 2>":                         `syntax error: "2>" needs a file`,
		"> f":                               "syntax error: a command is missing",
		"&& echo a":                         "syntax error: a command is missing",
		"echo a &&":                         "syntax error: a command is missing",
		"echo a | cat":                      `"|" is not understood`,
		"cat < f":                           `"<" is not understood`,
	} {
		t.Run(script, func(t *testing.T) {
			h := newHarness()
			h.run("echo before; " + strings.TrimSpace(script))
			if h.stdout.String() != "" || h.stderr.String() != "sh: "+want+"\n" || h.code != 2 {
				t.Errorf("got %q, %q and code %d; want %q and code 2", h.stdout.String(), h.stderr.String(), h.code, "sh: "+want+"\n")
			}
		})
	}
}

func TestExpansionAndQuoting(t *testing.T) {
	hold(t, []outcome{
		{`echo $NAME ${NAME} x${NAME}y $NAME.`, "ada ada xaday ada.\n", "", 0},
		{`echo "$NAME and ${NAME}"`, "ada and ada\n", "", 0},
		{`echo '$NAME ${NAME}'`, "$NAME ${NAME}\n", "", 0},
		{`echo \$NAME "\$NAME" a\ \ b`, "$NAME $NAME a  b\n", "", 0},
		{`echo "$B"`, "two  words\n", "", 0},
		{`echo $TWICE`, "last\n", "", 0},
		{`echo "[$NONE]" "[${NONE}]"`, "[] []\n", "", 0},
		{`echo $ "$" ${NAME`, "$ $ ${NAME\n", "", 0},
		{`echo a'b c'"d e"f`, "ab cd ef\n", "", 0},
		{`echo "a\"b\\c\d"`, "a\"b\\c\\d\n", "", 0},
		{`echo ';' "&&" '>'`, "; && >\n", "", 0},
		{`echo 'done' "fi"`, "done fi\n", "", 0},
		{`echo "1">/tmp/f; cat /tmp/f`, "1\n", "", 0},
		{"echo a # not this\necho b#c", "a\nb#c\n", "", 0},
		{"# only a comment", "", "", 0},
		{"", "", "", 0},
		{`echo a   b`, "a b\n", "", 0},
		{`echo -n a`, "a", "", 0},
		{`echo "two
lines"`, "two\nlines\n", "", 0},
	})
}

func TestControlFlow(t *testing.T) {
	hold(t, []outcome{
		{"true && echo a || echo b", "a\n", "", 0},
		{"false && echo a || echo b", "b\n", "", 0},
		{"false || false", "", "", 1},
		{"true &&\n echo a", "a\n", "", 0},
		{"false; true", "", "", 0},
		{"true; false", "", "", 1},
		{"echo a;;echo b\n\n", "a\nb\n", "", 0},
		{"if test -f /etc/motd; then echo yes; else echo no; fi", "yes\n", "", 0},
		{"if test -f /none; then echo yes; else echo no; fi", "no\n", "", 0},
		{"if false; then echo yes; fi", "", "", 0},
		{"if true; then false; fi", "", "", 1},
		{"if true\nthen\n if false; then :; else echo inner; fi\nfi", "inner\n", "", 0},
		{"while test -f /etc/motd; do echo round; rm /etc/motd; done; echo over", "round\nover\n", "", 0},
		{"until test -f /tmp/f; do echo round; touch /tmp/f; done && echo over", "round\nover\n", "", 0},
		{"while false; do echo never; done", "", "", 0},
		{"while true; do exit 4; done", "", "", 4},
		{"while true; do :; done; echo never", "", "sh: loop without sleep\n", 2},
		{"sleep 1000 & echo at once", "at once\n", "", 0},
		{"A=b; echo c", "c\n", "", 0},
	})
}

func TestExitCodes(t *testing.T) {
	hold(t, []outcome{
		{"true", "", "", 0},
		{":", "", "", 0},
		{"false", "", "", 1},
		{"exit", "", "", 0},
		{"exit 3; echo never", "", "", 3},
		{"exit 257", "", "", 1},
		{"exit -1", "", "", 255},
		{"nothing", "", "sh: nothing: not found\n", 127},
		{"nothing || echo $NAME", "ada\n", "sh: nothing: not found\n", 0},
		{"/bin/tool a 'b c'", "tool a,b c\n", "", 7},
		{"/bin/false", "", "", 1},
		{"sh -c 'false'", "", "", 1},
		{"sh -c 'echo $NAME; exit 5'; echo never", "ada\n", "", 5},
		{"bash -c 'echo \"'", "", "sh: unterminated quoted string\n", 2},
		{"exec false; echo never", "", "", 1},
		{"exec; echo on", "on\n", "", 0},
		{"sh; echo on", "on\n", "", 0},
	})
}

func TestRedirects(t *testing.T) {
	hold(t, []outcome{
		{"echo a > /tmp/f; echo b; cat /tmp/f", "b\na\n", "", 0},
		{"echo a >/tmp/f; echo b 1>/tmp/f; cat /tmp/f", "b\n", "", 0},
		{"echo a >> /tmp/f; echo b 1>> /tmp/f; cat /tmp/f", "a\nb\n", "", 0},
		{"echo more >> /etc/motd; cat /etc/motd", "hello\nmore\n", "", 0},
		{`echo a > "/tmp/$NAME"; cat /tmp/ada`, "a\n", "", 0},
		{"cat /none > /tmp/f", "", "cat: can't open '/none': No such file or directory\n", 1},
		{"cat /none 2> /dev/null", "", "", 1},
		{"cat /none /etc/motd 2>/tmp/f", "hello\n", "", 1},
		{"echo a > /dev/null", "", "", 0},
		{"nothing > /dev/null 2>&1", "", "", 127},
		{"echo a >&2; echo b 1>&2", "", "a\nb\n", 0},
		{"echo a 2>&1", "a\n", "", 0},
		{"echo a > /ro/f; echo b", "b\n", "sh: /ro/f: Read-only file system\n", 0},
		{"echo a > /ro/f", "", "sh: /ro/f: Read-only file system\n", 1},
	})
}

func TestTools(t *testing.T) {
	hold(t, []outcome{
		{`printf 'a\tb\n%s-%s\n' c d`, "a\tb\nc-d\n", "", 0},
		{"printf", "", "", 0},
		{"env", "B=two  words\nNAME=ada\nTWICE=first\nTWICE=last\n", "", 0},
		{"pwd; id -u", "/\n0\n", "", 0},
		{"mkdir /tmp/d && test -d /tmp/d", "", "", 0},
		{"mkdir /ro/d", "", "mkdir: /ro/d: Read-only file system\n", 1},
		{"touch /etc/motd /tmp/f; cat /etc/motd /tmp/f", "hello\n", "", 0},
		{"touch /ro/f", "", "touch: /ro/f: Read-only file system\n", 1},
		{"rm /none", "", "rm: can't remove '/none': No such file or directory\n", 1},
		{"rm -f /none; rm -rf /none", "", "", 0},
		{"touch /tmp/b /tmp/a; ls /tmp", "a\nb\n", "", 0},
		{"ls", "", "", 0},
		{"chmod 600 /etc/motd && chown root /etc/motd && sync", "", "", 0},
	})
}

func TestTest(t *testing.T) {
	for condition, want := range map[string]bool{
		"-f /etc/motd": true, "-f /tmp": false, "-f /none": false,
		"-e /etc/motd": true, "-e /tmp": true, "-e /none": false,
		"-d /tmp": true, "-d /etc/motd": false,
		"-s /etc/motd": true, "-s /empty": false, "-s /none": false,
		`-n "$NAME"`: true, `-n "$NONE"`: false, `-z "$NONE"`: true, `-z a`: false,
		"$NAME = ada": true, "$NAME == bob": false, "$NAME != bob": true, "a != a": false,
		"a": true, `""`: false, "! -f /none": true, "! a = a": false,
	} {
		for _, script := range []string{"test " + condition, "[ " + condition + " ]"} {
			h := newHarness()
			h.Env = []string{"NAME=ada"}
			h.contents["/etc/motd"], h.contents["/empty"] = "hello\n", ""
			if h.run(script); (h.code == 0) != want {
				t.Errorf("%s: code %d, want success: %v", script, h.code, want)
			}
		}
	}
}

func TestSleep(t *testing.T) {
	for script, want := range map[string]time.Duration{
		"sleep 2":                               2 * time.Second,
		"sleep 0.25; sleep 1.5s":                1750 * time.Millisecond,
		"sleep 2m":                              2 * time.Minute,
		"sleep":                                 0,
		"sh -c 'sleep 3'; sleep 1":              4 * time.Second,
		"if sleep 1; then sleep 2; fi":          3 * time.Second,
		"sleep 1 && sleep 1 || sleep 1":         2 * time.Second,
		"until test -f /late; do sleep 1; done": 90 * time.Second,
		"exec sleep 5":                          5 * time.Second,
		"sleep 7 &":                             0,
	} {
		t.Run(script, func(t *testing.T) {
			h := newHarness()
			h.After(89500*time.Millisecond, func() { h.contents["/late"] = "" })
			if h.run(script); !h.ended || h.code != 0 || h.now != want {
				t.Errorf("ended: %v with code %d after %s, want it to end with 0 after %s", h.ended, h.code, h.now, want)
			}
		})
	}
}

// TestSleepingLoopGoesOn: a loop that sleeps may have as many rounds as it likes.
func TestSleepingLoopGoesOn(t *testing.T) {
	h := newHarness()
	h.run("while true; do sleep 1; done")
	if h.ended || h.stderr.String() != "" {
		t.Errorf("ended: %v, %q", h.ended, h.stderr.String())
	}
}

func TestWhatNeverEnds(t *testing.T) {
	for _, script := range []string{"sleep infinity", "sleep 1e12", "sleep d", "tail -f /dev/null", "wait", "cat"} {
		h := newHarness()
		if h.run(script + "; echo never"); h.ended || h.stdout.String() != "" {
			t.Errorf("%s has ended: %q", script, h.stdout.String())
		}
	}
}

func TestInput(t *testing.T) {
	for name, want := range map[string]struct{ script, early, late string }{
		"cat writes what comes":               {"cat; echo over", "echo $NAME\n", "echo $NAME\n; exit 3over\n"},
		"cat into a file":                     {"cat > /tmp/f; cat /tmp/f", "", "echo $NAME\n; exit 3"},
		"a script runs when its input is all": {"sh; echo never", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness()
			h.Env = []string{"NAME=ada"}
			h.keepOpen()
			h.Script(want.script, h.Exit)
			h.write("echo $NAME\n", false)
			if got := h.stdout.String(); got != want.early || h.ended {
				t.Errorf("before the end: %q, ended: %v; want %q", got, h.ended, want.early)
			}
			h.write("; exit 3", true)
			late, code := want.late, 0
			if late == "" {
				late, code = "ada\n", 3
			}
			if got := h.stdout.String(); got != late || h.code != code || !h.ended {
				t.Errorf("after the end: %q with code %d, ended: %v; want %q with %d", got, h.code, h.ended, late, code)
			}
		})
	}
}

func TestTrap(t *testing.T) {
	h := newHarness()
	h.run(`trap 'echo "$A"' TERM 2; trap '' HUP; trap 'echo $A'`)
	for signal, want := range map[string]string{"TERM": `echo "$A"`, "2": `echo "$A"`, "HUP": ""} {
		if got, set := h.traps[signal]; !set || got != want {
			t.Errorf("%s: %q, set: %v; want %q", signal, got, set, want)
		}
	}
	if len(h.traps) != 3 || h.code != 0 {
		t.Errorf("%d traps, code %d; want 3, code 0", len(h.traps), h.code)
	}
}

func TestCommand(t *testing.T) {
	for _, tc := range []struct {
		argv   []string
		stdout string
		code   int
	}{
		{[]string{"echo", "$NAME", "a;b"}, "$NAME a;b\n", 0},
		{[]string{"/bin/sh", "-c", "echo $NAME; false", "ignored"}, "ada\n", 1},
		{[]string{"id"}, "app\n", 0},
		{[]string{"pwd"}, "/srv\n", 0},
		{[]string{"/bin/tool", "a b"}, "tool a b\n", 7},
	} {
		h := newHarness()
		h.Env, h.User, h.Dir = []string{"NAME=ada"}, "app", "/srv"
		h.Command(tc.argv, h.Exit)
		if got := h.stdout.String(); !h.ended || got != tc.stdout || h.code != tc.code {
			t.Errorf("%q: %q with code %d, want %q with %d", tc.argv, got, h.code, tc.stdout, tc.code)
		}
	}
}

// TestCommandsAreKnown: the shell asks nobody for what it says it knows.
func TestCommandsAreKnown(t *testing.T) {
	for _, name := range shell.Commands() {
		h := newHarness()
		h.Command([]string{name}, h.Exit)
		if len(h.asked) > 0 {
			t.Errorf("%s: the shell asked for %q", name, h.asked)
		}
	}
	if !slices.IsSorted(shell.Commands()) {
		t.Error("the commands are not sorted")
	}
}
