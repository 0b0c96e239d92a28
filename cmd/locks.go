package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
)

// locks takes the locks that keep commands from working on one project at the
// same time.
type locks struct {
	folder  string // for all of them; empty is a folder of the machine
	version string
	env     *environment
	console *console

	unlocked sync.Once                 // says that there is nowhere to put a lock
	held     atomic.Pointer[lock.Lock] // of operations, as it was taken last; nil is none
}

func newLocks(app *App, env *environment, c *console) *locks {
	return &locks{folder: app.LockDir, version: app.Version, env: env, console: c}
}

// acquire takes a lock. Where there is nowhere to put one the command goes on
// without, and says so once.
func (k *locks) acquire(ctx context.Context, opt lock.Options) (release func(), err error) {
	l, err := lock.Acquire(ctx, opt)
	var nowhere *lock.NoPlaceError
	if errors.As(err, &nowhere) {
		k.unlocked.Do(func() {
			k.console.printer.Warn(fmt.Sprintf("cannot lock project %s, other commands may work on it at the same time: %v", opt.Project, err))
		})
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if opt.Kind == "" {
		k.held.Store(l)
	}
	return func() { _ = l.Release() }, nil // the kernel frees it in any case
}

// tryLock takes the lock of a project if nobody has it.
func (k *locks) tryLock(ctx context.Context, opt lock.Options) (unlock func(), ok bool) {
	opt.Timeout = -1
	l, err := lock.Acquire(ctx, opt)
	if err != nil {
		return nil, false
	}
	k.held.Store(l)
	return func() { _ = l.Release() }, true // the kernel frees it in any case
}

// lockOptions say whose lock a command takes.
func (k *locks) lockOptions(e engine.Engine, project, command string) lock.Options {
	return lock.Options{Folders: k.folders(), Project: project, Op: "muster " + command, Version: k.version, Engine: e.Identity().Host}
}

// folders are where locks may lie. The process says so, never a .env file.
func (k *locks) folders() []lock.Folder {
	if k.folder != "" {
		return []lock.Folder{{Path: k.folder}}
	}
	return lock.Folders(k.env.ofProcess)
}
