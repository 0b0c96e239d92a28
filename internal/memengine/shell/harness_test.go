package shell_test

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/internal/memengine/shell"
)

// harness is a process with files and a clock that a test turns.
type harness struct {
	shell.Shell
	stdout, stderr strings.Builder

	ended bool
	code  int
	now   time.Duration
	due   []alarm
	traps map[string]string
	asked []string // commands that the shell did not know itself

	contents map[string]string
	folders  map[string]bool
	read     func(data []byte, ended bool) // who reads the standard input
}

type alarm struct {
	at time.Duration
	do func()
}

func newHarness() *harness {
	h := &harness{traps: map[string]string{}, contents: map[string]string{}, folders: map[string]bool{"/tmp": true}}
	h.Shell = shell.Shell{Process: h, Files: h, Output: h.print}
	return h
}

// run runs a script and lets all the time pass that it takes, up to a day.
func (h *harness) run(script string) {
	h.Script(script, h.Exit)
	h.pass(24 * time.Hour)
}

// pass lets time pass.
func (h *harness) pass(d time.Duration) {
	end := h.now + d
	for !h.ended && len(h.due) > 0 && h.due[0].at <= end {
		next := h.due[0]
		h.due, h.now = h.due[1:], next.at
		next.do()
	}
	if !h.ended {
		h.now = end
	}
}

func (h *harness) print(stderr bool, text string) {
	if stderr {
		h.stderr.WriteString(text)
		return
	}
	h.stdout.WriteString(text)
}

// write is the standard input.
func (h *harness) write(text string, ended bool) { h.read([]byte(text), ended) }

// keepOpen gives the shell a standard input.
func (h *harness) keepOpen() {
	h.Input = func(to func([]byte, bool)) { h.read = to }
}

func (h *harness) After(d time.Duration, f func()) {
	h.due = append(h.due, alarm{h.now + d, f})
	slices.SortStableFunc(h.due, func(a, b alarm) int { return int(a.at - b.at) })
}

func (h *harness) Exit(code int) {
	if !h.ended {
		h.ended, h.code = true, code
	}
}

func (h *harness) Trap(signal, script string) { h.traps[signal] = script }

// Run knows /bin/tool, which fails with 7.
func (h *harness) Run(name string, args []string, to shell.Output) (code int, known bool) {
	h.asked = append(h.asked, name)
	if name != "/bin/tool" {
		return 0, false
	}
	to(false, "tool "+strings.Join(args, ",")+"\n")
	return 7, true
}

func (h *harness) Read(name string) (content []byte, ok bool) {
	text, ok := h.contents[name]
	return []byte(text), ok
}

func (h *harness) Write(name string, content []byte) error {
	if strings.HasPrefix(name, "/ro/") {
		return errors.New(name + ": Read-only file system")
	}
	h.contents[name] = string(content)
	return nil
}

func (h *harness) Append(name, text string) { h.contents[name] += text }

func (h *harness) MakeFolder(name string) error {
	if strings.HasPrefix(name, "/ro/") {
		return errors.New(name + ": Read-only file system")
	}
	h.folders[name] = true
	return nil
}

func (h *harness) Remove(name string) bool {
	found := h.Exists(name)
	delete(h.contents, name)
	delete(h.folders, name)
	return found
}

func (h *harness) Exists(name string) bool {
	_, file := h.contents[name]
	return file || h.folders[name]
}

func (h *harness) IsFolder(name string) bool { return h.folders[name] }

func (h *harness) Names(folder string) []string {
	var names []string
	for name := range maps.Keys(h.contents) {
		if path.Dir(name) == folder {
			names = append(names, path.Base(name))
		}
	}
	return names
}
