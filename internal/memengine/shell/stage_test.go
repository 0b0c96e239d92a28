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

// stage is a process with files and a clock that a test turns.
type stage struct {
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

func newStage() *stage {
	s := &stage{traps: map[string]string{}, contents: map[string]string{}, folders: map[string]bool{"/tmp": true}}
	s.Shell = shell.Shell{Process: s, Files: s, Output: s.print}
	return s
}

// run runs a script and lets all the time pass that it takes, up to a day.
func (s *stage) run(script string) {
	s.Script(script, s.Exit)
	s.pass(24 * time.Hour)
}

// pass lets time pass.
func (s *stage) pass(d time.Duration) {
	end := s.now + d
	for !s.ended && len(s.due) > 0 && s.due[0].at <= end {
		next := s.due[0]
		s.due, s.now = s.due[1:], next.at
		next.do()
	}
	if !s.ended {
		s.now = end
	}
}

func (s *stage) print(stderr bool, text string) {
	if stderr {
		s.stderr.WriteString(text)
		return
	}
	s.stdout.WriteString(text)
}

// write is the standard input.
func (s *stage) write(text string, ended bool) { s.read([]byte(text), ended) }

// keepOpen gives the shell a standard input.
func (s *stage) keepOpen() {
	s.Input = func(to func([]byte, bool)) { s.read = to }
}

func (s *stage) After(d time.Duration, f func()) {
	s.due = append(s.due, alarm{s.now + d, f})
	slices.SortStableFunc(s.due, func(a, b alarm) int { return int(a.at - b.at) })
}

func (s *stage) Exit(code int) {
	if !s.ended {
		s.ended, s.code = true, code
	}
}

func (s *stage) Trap(signal, script string) { s.traps[signal] = script }

// Run knows /bin/tool, which fails with 7.
func (s *stage) Run(name string, args []string, to shell.Output) (code int, known bool) {
	s.asked = append(s.asked, name)
	if name != "/bin/tool" {
		return 0, false
	}
	to(false, "tool "+strings.Join(args, ",")+"\n")
	return 7, true
}

func (s *stage) Read(name string) (content []byte, ok bool) {
	text, ok := s.contents[name]
	return []byte(text), ok
}

func (s *stage) Write(name string, content []byte) error {
	if strings.HasPrefix(name, "/ro/") {
		return errors.New(name + ": Read-only file system")
	}
	s.contents[name] = string(content)
	return nil
}

func (s *stage) Append(name, text string) { s.contents[name] += text }

func (s *stage) MakeFolder(name string) error {
	if strings.HasPrefix(name, "/ro/") {
		return errors.New(name + ": Read-only file system")
	}
	s.folders[name] = true
	return nil
}

func (s *stage) Remove(name string) bool {
	found := s.Exists(name)
	delete(s.contents, name)
	delete(s.folders, name)
	return found
}

func (s *stage) Exists(name string) bool {
	_, file := s.contents[name]
	return file || s.folders[name]
}

func (s *stage) IsFolder(name string) bool { return s.folders[name] }

func (s *stage) Names(folder string) []string {
	var names []string
	for name := range maps.Keys(s.contents) {
		if path.Dir(name) == folder {
			names = append(names, path.Base(name))
		}
	}
	return names
}
