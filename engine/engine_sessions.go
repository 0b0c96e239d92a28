package engine

import (
	"context"
	"errors"
	"io"
	"time"
)

// Sessions are the calls behind exec, run, attach, cp, top, stats, events,
// export, commit and push: what a person does with containers that are there.
// Planners and the supervisor need none of them.
type Sessions interface {
	// StartExec runs a command in a running container and hands its streams out.
	StartExec(ctx context.Context, c Ref, spec ExecSpec, t SessionOptions) (Session, error)
	// StartExecDetached runs it and does not wait.
	StartExecDetached(ctx context.Context, c Ref, spec ExecSpec) error
	// AttachContainer hands out the streams of the container's own process. The
	// attachment stands when it returns, so that nothing written later is lost.
	AttachContainer(ctx context.Context, c Ref, t SessionOptions) (Session, error)
	// WaitContainer waits until the container does not run and returns its exit code.
	WaitContainer(ctx context.Context, c Ref) (int, error)
	// CopyFrom returns a tar archive of a file or folder of the container.
	CopyFrom(ctx context.Context, c Ref, path string) (io.ReadCloser, PathStat, error)
	// CopyArchive unpacks a tar archive into a folder of the container; ownership
	// keeps the archive's user and group IDs.
	CopyArchive(ctx context.Context, c Ref, folder string, archive io.Reader, ownership bool) error
	// StatPath describes a path of the container; ErrNotFound if there is none.
	StatPath(ctx context.Context, c Ref, path string) (PathStat, error)
	// Top lists the processes of a running container in the columns of ps.
	Top(ctx context.Context, c Ref) (titles []string, processes [][]string, err error)
	// Stats calls emit with the container's use of resources: once, or every
	// second until ctx ends or the container does.
	Stats(ctx context.Context, c Ref, follow bool, emit func(Stats) error) error
	// EventsBetween streams the project's container events of a span of time, in
	// RFC 3339, Unix seconds or durations back from now. An empty until follows.
	EventsBetween(ctx context.Context, project, since, until string) (EventStream, error)
	// ExportContainer writes the container's file system as a tar archive.
	ExportContainer(ctx context.Context, c Ref, w io.Writer) error
	// CommitContainer makes an image of the container and returns its ID.
	CommitContainer(ctx context.Context, c Ref, opt CommitOptions) (string, error)
	// PruneImages removes the project's images that no name refers to any more, as
	// rebuilds leave them behind.
	PruneImages(ctx context.Context, project string) error
	// ResolveDigest asks the registry for the digest that a reference has there now.
	ResolveDigest(ctx context.Context, ref ImageRef) (string, error)
	// PushImage sends a local image to its registry.
	PushImage(ctx context.Context, ref ImageRef, report func(Progress)) error
}

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
