package memengine

import (
	"strings"
	"time"
)

// shell is what scripts and commands run with.
type shell struct {
	process shellProcess
	files   shellFiles
	output  output
	// input hands over what the standard input gets, until it has ended; nil is
	// a terminal or pipe that nobody writes to.
	input func(to func(data []byte, ended bool))
	env   []string
	user  string // empty is root
	dir   string // empty is the root folder
}

// shellProcess is the process that a shell runs in. Once it has ended, nothing of
// the shell goes on.
type shellProcess interface {
	// After calls f in d, unless the process has ended by then.
	After(d time.Duration, f func())
	// Exit ends the process.
	Exit(code int)
	// Trap has the script run instead of what the signal does otherwise; an empty
	// one ignores the signal.
	Trap(signal, script string)
	// Run is for a command that the shell itself does not know. It ends at once;
	// known is false if there is no such command.
	Run(name string, args []string, to output) (code int, known bool)
}

// shellFiles are the files that a shell sees. Paths begin at the root.
type shellFiles interface {
	// Read is the content of a file; ok is false for what is none.
	Read(path string) (content []byte, ok bool)
	// Write makes or replaces a file.
	Write(path string, content []byte) error
	// Append adds to a file that Write made.
	Append(path, text string)
	MakeFolder(path string) error
	// Remove reports whether there was something.
	Remove(path string) bool
	// Exists reports whether a file or folder was made.
	Exists(path string) bool
	// IsFolder is true of those, too, that nobody had to make.
	IsFolder(path string) bool
	// Names are what a folder holds.
	Names(folder string) []string
}

// output takes what a command writes.
type output func(stderr bool, text string)

// Command runs an argument vector and calls next with its exit code.
func (sh *shell) Command(argv []string, next func(code int)) {
	if len(argv) >= 3 && isShell(argv[0]) && argv[1] == "-c" {
		sh.Script(argv[2], next)
		return
	}
	(&script{shell: sh}).exec(argv, sh.output, next)
}

// Script runs a script and calls next with its exit code, which is 2 if the
// script is not understood.
func (sh *shell) Script(text string, next func(code int)) {
	st, err := parse(text, sh.env)
	if err != nil {
		sh.output(true, "sh: "+err.Error()+"\n")
		next(2)
		return
	}
	st.run(&script{shell: sh}, next)
}

func isShell(name string) bool {
	switch base(name) {
	case "sh", "ash", "bash":
		return true
	}
	return false
}

// base is a command's name without its folder.
func base(command string) string { return command[strings.LastIndexByte(command, '/')+1:] }

// shellTools are the commands that the shell knows.
func shellTools() []string {
	return []string{
		":", "[", "ash", "bash", "cat", "chmod", "chown", "echo", "env", "exec", "exit", "false", "id", "ls", "mkdir",
		"printf", "pwd", "rm", "sh", "sleep", "sync", "tail", "test", "touch", "trap", "true", "wait",
	}
}
