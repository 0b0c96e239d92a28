// Package lock lets one operation at a time work on a project.
//
// The lock is the kernel's: it is free as soon as its holder ends, however it
// ends, so there are no stale locks. It holds between all users of one machine
// that use the same engine: its place depends on the engine and the project,
// not on the environment of the caller. What the file says about its holder is
// for people; nothing is decided by it, and anybody may have written it.
package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what is locked and for whom.
type Options struct {
	// Folders are where the lock file may lie: the first that can be used counts.
	Folders []Folder
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

// NoPlaceError says that no folder can hold lock files.
type NoPlaceError struct{ Causes []error }

// Error names every folder that was tried.
func (e *NoPlaceError) Error() string {
	causes := make([]string, len(e.Causes))
	for i, cause := range e.Causes {
		causes[i] = cause.Error()
	}
	return "no usable directory for lock files: " + strings.Join(causes, "; ")
}

func (e *NoPlaceError) Unwrap() []error { return e.Causes }

// Lock is a lock that is held.
type Lock struct {
	file   *os.File
	path   string
	folder Folder
}

// Acquire waits for the lock and takes it. It fails with a *HeldError after the
// timeout, with the cause of ctx when that ends, and with a *NoPlaceError if
// there is nowhere to put the lock's file.
func Acquire(ctx context.Context, opt Options) (*Lock, error) {
	l, err := take(ctx, opt)
	var held *HeldError
	var nowhere *NoPlaceError
	if err == nil || errors.As(err, &held) || errors.As(err, &nowhere) || ctx.Err() != nil {
		return l, err
	}
	return nil, fmt.Errorf("lock project %s: %w", opt.Project, err)
}

func take(ctx context.Context, opt Options) (*Lock, error) {
	told := false
	for {
		l, err := open(opt)
		if err != nil {
			return nil, err
		}
		if err := soon(lockNow, l.file, attempts); errors.Is(err, errHeld) {
			holder := l.holder()
			if opt.Timeout < 0 {
				l.file.Close()
				return nil, &HeldError{Project: opt.Project, Holder: holder}
			}
			if opt.Waiting != nil && !told {
				opt.Waiting(holder)
			}
			if opt.Timeout > 0 && !told {
				var cancel context.CancelFunc
				held := &HeldError{Project: opt.Project, Holder: holder, Waited: opt.Timeout}
				ctx, cancel = context.WithTimeoutCause(ctx, opt.Timeout, held)
				defer cancel()
			}
			told = true
			if err := wait(ctx, l.file); err != nil {
				return nil, err
			}
		} else if err != nil {
			l.file.Close()
			return nil, err
		}
		// Whoever held it takes the file away: then what was locked is no lock.
		if l.stands() {
			return l, l.sign(opt)
		}
		l.file.Close()
	}
}

// Held reports whether somebody holds the lock. It makes no file.
func Held(opt Options) bool {
	i := slices.IndexFunc(opt.Folders, func(f Folder) bool { return f.check() == nil })
	return i >= 0 && heldAt(filepath.Join(opt.Folders[i].Path, opt.name()+"."+opt.kind()))
}

func heldAt(path string) bool {
	file, err := openThere(path)
	if err != nil {
		return false
	}
	err = soon(look, file, looks)
	_ = file.Close() // which gives it back
	return errors.Is(err, errHeld)
}

// attempts and pause cover the moments for which a lock is held by those who look
// whether it is left over, of whom there may be many on a busy machine. Whoever
// looks himself tries looks times: it does not matter much if he is wrong.
const (
	attempts = 40
	looks    = 3
	pause    = 5 * time.Millisecond
)

func soon(lock func(*os.File) error, file *os.File, attempts int) error {
	for n := 1; ; n++ {
		err := lock(file)
		if !errors.Is(err, errHeld) || n == attempts {
			return err
		}
		time.Sleep(pause)
	}
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

// stands reports whether the path still names the file that is open.
func (l *Lock) stands() bool {
	opened, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(l.path)
	return err == nil && os.SameFile(opened, named)
}

// sign writes down who holds the lock. That it cannot be written, to a full disk
// or another user's file, does not make the lock less of one.
func (l *Lock) sign(opt Options) error {
	content, err := json.Marshal(Holder{
		PID: os.Getpid(), Who: who(), Op: opt.Op, Version: opt.Version, Created: time.Now().Truncate(time.Second), Process: thisProcess(),
	})
	if err != nil {
		l.file.Close()
		return err
	}
	if l.file.Truncate(0) == nil {
		_, _ = l.file.WriteAt(append(content, '\n'), 0)
	}
	return nil
}

// Release gives the lock back and takes its file away, with those that runs
// which were killed left in the same folder.
func (l *Lock) Release() error {
	err := l.discard()
	sweep(l.folder)
	return err
}

// read is the holder as the file names it, as far as it does.
func read(file *os.File) Holder {
	var h Holder
	content, err := io.ReadAll(io.NewSectionReader(file, 0, 4096))
	if err != nil || json.Unmarshal(content, &h) != nil {
		return Holder{} // it is just being written
	}
	return h.tame()
}
