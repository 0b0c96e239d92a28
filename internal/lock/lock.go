// Package lock lets one operation at a time work on a project.
//
// The lock is the kernel's: it is free as soon as its holder ends, however it
// ends, so there are no stale locks. It holds between the processes of one user
// on one machine that use the same engine. What the file says about its holder
// is for people; nothing is decided by it.
package lock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options say what is locked and for whom.
type Options struct {
	// Dir holds the lock files; empty is DefaultDir's.
	Dir string
	// Engine identifies the engine: its ID or, without a call, its address.
	Engine  string
	Project string
	// Kind tells apart locks of one project that do not exclude each other;
	// empty is "op", that of operations.
	Kind string
	// Op and Version are for whoever waits: "muster up", "1.2.0".
	Op      string
	Version string
	// Timeout is how long to wait for another holder: zero is for ever, less
	// than zero not at all.
	Timeout time.Duration
	// Waiting is told of the holder, once, if there is one to wait for.
	Waiting func(Holder)
}

// Holder says who has a lock. The zero value is somebody unknown.
type Holder struct {
	PID     int       `json:"pid"`
	Who     string    `json:"who"` // user@host
	Op      string    `json:"op"`
	Version string    `json:"version,omitempty"`
	Created time.Time `json:"created"`
}

// String reads, for example, "pid 123 (muster up) since 14:03:05".
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("pid %d (%s) since %s", h.PID, h.Op, h.Created.Local().Format(time.TimeOnly))
}

// HeldError says that another holder did not give the lock back in time.
type HeldError struct {
	Project string
	Holder  Holder
	Waited  time.Duration // zero if waiting was not asked for
}

// Error reads, for example, "project demo is locked by pid 123 (muster up) since 14:03:05".
func (e *HeldError) Error() string {
	s := fmt.Sprintf("project %s is locked by %s", e.Project, e.Holder)
	if e.Waited > 0 {
		s += fmt.Sprintf(" (waited %s)", e.Waited)
	}
	return s
}

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Acquire waits for the lock and takes it. It fails with a *HeldError after the
// timeout, and with the cause of ctx when that ends.
func Acquire(ctx context.Context, opt Options) (*Lock, error) {
	file, err := open(opt)
	if err != nil {
		return nil, fmt.Errorf("lock project %s: %w", opt.Project, err)
	}
	switch err := lockNow(file); {
	case err == nil:
		return taken(file, opt)
	case !errors.Is(err, errHeld):
		file.Close()
		return nil, fmt.Errorf("lock project %s: %w", opt.Project, err)
	}
	holder := read(file)
	if opt.Timeout < 0 {
		file.Close()
		return nil, &HeldError{Project: opt.Project, Holder: holder}
	}
	if opt.Waiting != nil {
		opt.Waiting(holder)
	}
	if opt.Timeout > 0 {
		var cancel context.CancelFunc
		held := &HeldError{Project: opt.Project, Holder: holder, Waited: opt.Timeout}
		ctx, cancel = context.WithTimeoutCause(ctx, opt.Timeout, held)
		defer cancel()
	}
	if err := wait(ctx, file); err != nil {
		return nil, err
	}
	return taken(file, opt)
}

// wait blocks until the lock is taken. No system interrupts that: when ctx ends
// first, what waits stays behind, to give the lock back at once should it come.
func wait(ctx context.Context, file *os.File) error {
	if ctx.Err() != nil {
		file.Close()
		return context.Cause(ctx)
	}
	got := make(chan error, 1)
	go func() { got <- lockBlocking(file) }()
	select {
	case err := <-got:
		if err != nil {
			file.Close()
		}
		return err
	case <-ctx.Done():
		go func() {
			<-got
			file.Close()
		}()
		return context.Cause(ctx)
	}
}

// taken writes down who holds the lock.
func taken(file *os.File, opt Options) (*Lock, error) {
	content, err := json.Marshal(Holder{PID: os.Getpid(), Who: who(), Op: opt.Op, Version: opt.Version, Created: time.Now().Truncate(time.Second)})
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = file.WriteAt(append(content, '\n'), 0)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock project %s: %w", opt.Project, err)
	}
	return &Lock{file}, nil
}

// Release gives the lock back. The file stays: were it removed, somebody could
// be waiting for a file that nobody else finds any more.
func (l *Lock) Release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

// read is the holder as the file names it, as far as it does.
func read(file *os.File) Holder {
	var h Holder
	content, err := io.ReadAll(io.NewSectionReader(file, 0, 4096))
	if err != nil || json.Unmarshal(content, &h) != nil {
		return Holder{} // it is just being written
	}
	return h
}

func open(opt Options) (*os.File, error) {
	dir := opt.Dir
	if dir == "" {
		var err error
		if dir, err = DefaultDir(os.Getenv); err != nil {
			return nil, err
		}
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(opt.Engine + "\x00" + opt.Project))
	kind := opt.Kind
	if kind == "" {
		kind = "op"
	}
	return os.OpenFile(filepath.Join(dir, hex.EncodeToString(sum[:])+"."+kind), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
}

func who() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return userName() + "@" + host
}
