package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrDetached is the end of a session that its user left with the detach keys:
// the process goes on.
var ErrDetached = errors.New("detached")

// Session is the standard streams of a process in a container. Write is its
// standard input. With a terminal, io.Copy to it ends with ErrDetached when the
// detach keys are read.
type Session interface {
	io.WriteCloser
	// CloseWrite ends the standard input.
	CloseWrite() error
	// Copy copies the output until it ends. With a terminal everything goes to stdout.
	Copy(stdout, stderr io.Writer) error
	// Resize sets the size of the terminal.
	Resize(ctx context.Context, columns, rows int) error
	// ExitCode waits for the end of the process.
	ExitCode(ctx context.Context) (int, error)
}

// SessionOptions say which streams are wanted.
type SessionOptions struct {
	TTY        bool
	Stdin      bool
	DetachKeys string // empty are those of config.json, else ctrl-p,ctrl-q
	// Remove says that the engine removes the container once it ends, so that its
	// exit code must be waited for from the start.
	Remove bool
}

// PathStat describes a path of a container.
type PathStat struct {
	Name       string
	Folder     bool
	Mode       uint32 // permission bits
	Modified   time.Time
	LinkTarget string // of a symbolic link
}

// Stats is a container's use of resources at one time.
type Stats struct {
	Read         time.Time
	CPUPercent   float64 // of one CPU
	Memory       uint64  // bytes, without the page cache
	MemoryLimit  uint64
	NetRx, NetTx uint64 // bytes since the start
	BlockRead    uint64
	BlockWrite   uint64
	PIDs         uint64
}

// CommitOptions describe the image of a commit.
type CommitOptions struct {
	Reference string // name and tag; empty leaves the image unnamed
	Author    string
	Message   string
	Changes   []string // Dockerfile instructions
	Pause     bool     // while the file system is read
}
