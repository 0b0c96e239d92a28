//go:build !windows

package lock

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW

var errHeld error = syscall.EWOULDBLOCK

// lockNow takes the lock or says errHeld.
func lockNow(file *os.File) error { return flock(file, syscall.LOCK_EX|syscall.LOCK_NB) }

func lockBlocking(file *os.File) error { return flock(file, syscall.LOCK_EX) }

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// DefaultDir is the folder for lock files: below the user's runtime folder,
// else in a private folder among the temporary files.
func DefaultDir(getenv func(string) string) (string, error) {
	uid := strconv.Itoa(os.Getuid())
	for _, runtime := range []string{getenv("XDG_RUNTIME_DIR"), "/run/user/" + uid} {
		if filepath.IsAbs(runtime) && owned(runtime) == nil {
			return filepath.Join(runtime, "muster"), nil
		}
	}
	return filepath.Join(cmp.Or(getenv("TMPDIR"), os.TempDir()), "muster-"+uid), nil
}

// private makes the folder and refuses one that others could have put there or
// can write to.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := owned(dir); err != nil {
		return fmt.Errorf("use folder %s for locks: %w", dir, err)
	}
	return nil
}

// owned reports why a folder is not ours alone.
func owned(dir string) error {
	info, err := os.Lstat(dir) // a link is no folder
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("it is no folder")
	case !ok || int(stat.Uid) != os.Getuid():
		return errors.New("it belongs to another user")
	case info.Mode().Perm()&0o022 != 0:
		return errors.New("others can write to it")
	}
	return nil
}

func userName() string { return cmp.Or(os.Getenv("USER"), "uid "+strconv.Itoa(os.Getuid())) }
