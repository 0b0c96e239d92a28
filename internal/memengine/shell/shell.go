// Package shell parses a subset of sh and runs it in continuation-passing style,
// so that a sleeping script is a timer and no goroutine, on two small interfaces:
// the process that it runs in, and the files that it sees.
package shell

import (
	"path"
	"time"
)

// Shell is what scripts and commands run with.
type Shell struct {
	Process Process
	Files   Files
	Output  Output
	// Input hands over what the standard input gets, until it has ended; nil is
	// a terminal or pipe that nobody writes to.
	Input func(to func(data []byte, ended bool))
	Env   []string // NAME=value; the last of a name counts
	User  string   // empty is root
	Dir   string   // empty is the root folder
}

// Process is the process that a shell runs in. Once it has ended, nothing of
// the shell goes on.
type Process interface {
	// After calls f in d, unless the process has ended by then.
	After(d time.Duration, f func())
	// Exit ends the process.
	Exit(code int)
	// Trap has the script run instead of what the signal does otherwise; an empty
	// one ignores the signal.
	Trap(signal, script string)
	// Run is for a command that the shell itself does not know. It ends at once;
	// known is false if there is no such command.
	Run(name string, args []string, to Output) (code int, known bool)
}

// Files are the files that a shell sees. Paths begin at the root.
type Files interface {
	// Read is the content of a file; ok is false for what is none.
	Read(path string) (content []byte, ok bool)
	// Write makes or replaces a file.
	Write(path string, content []byte) error
	// Append adds to a file that Write made.
	Append(path, text string)
	// MakeFolder makes a folder, but none above it.
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

// Output takes what a command writes.
type Output func(stderr bool, text string)

// Command runs an argument vector and calls next with its exit code.
func (sh *Shell) Command(argv []string, next func(code int)) {
	if len(argv) >= 3 && isShell(argv[0]) && argv[1] == "-c" {
		sh.Script(argv[2], next)
		return
	}
	(&script{Shell: sh}).exec(argv, sh.Output, next)
}

// Script runs a script and calls next with its exit code, which is 2 if the
// script is not understood.
func (sh *Shell) Script(text string, next func(code int)) {
	st, err := parse(text, sh.Env)
	if err != nil {
		sh.Output(true, "sh: "+err.Error()+"\n")
		next(2)
		return
	}
	st.run(&script{Shell: sh}, next)
}

func isShell(name string) bool {
	switch path.Base(name) {
	case "sh", "ash", "bash":
		return true
	}
	return false
}

// Commands are the commands that the shell knows.
func Commands() []string {
	return []string{
		":", "[", "ash", "bash", "cat", "chmod", "chown", "echo", "env", "exec", "exit", "false", "id", "ls", "mkdir",
		"printf", "pwd", "rm", "sh", "sleep", "sync", "tail", "test", "touch", "trap", "true", "wait",
	}
}
