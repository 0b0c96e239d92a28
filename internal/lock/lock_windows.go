package lock

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

const noFollow = 0

var errHeld error = windows.ERROR_LOCK_VIOLATION

// lockOffset is where the locked byte lies: locks of Windows forbid reading what
// they cover, and the file's content must stay readable.
const lockOffset = 1 << 30

// lockNow takes the lock or says errHeld.
func lockNow(file *os.File) error {
	return lockFile(file, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

func lockBlocking(file *os.File) error { return lockFile(file, windows.LOCKFILE_EXCLUSIVE_LOCK) }

func lockFile(file *os.File, flags uint32) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: lockOffset})
}

// DefaultDir is the folder for lock files, among the user's temporary files.
func DefaultDir(getenv func(string) string) (string, error) {
	return filepath.Join(cmp.Or(getenv("LOCALAPPDATA"), os.TempDir()), "muster", "locks"), nil
}

// private makes the folder; below the user's own folders it is theirs alone.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func userName() string { return cmp.Or(os.Getenv("USERNAME"), "somebody") }
