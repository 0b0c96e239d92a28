package lock

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

var errHeld error = windows.ERROR_LOCK_VIOLATION

// lockOffset is where the locked byte lies: locks of Windows forbid reading what
// they cover, and the file's content must stay readable.
const lockOffset = 1 << 30

// lockNow takes the lock or says errHeld.
func lockNow(file *os.File) error {
	return lockFile(file, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

// look says errHeld if somebody has taken the lock. Others may look at the same time.
func look(file *os.File) error { return lockFile(file, windows.LOCKFILE_FAIL_IMMEDIATELY) }

func lockBlocking(file *os.File) error { return lockFile(file, windows.LOCKFILE_EXCLUSIVE_LOCK) }

func lockFile(file *os.File, flags uint32) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: lockOffset})
}

// Folders are where locks may lie, best first: the machine's folder, then the
// user's.
func Folders(getenv func(string) string) []Folder {
	var folders []Folder
	for _, f := range []Folder{{getenv("ProgramData"), true}, {getenv("LOCALAPPDATA"), false}, {os.TempDir(), false}} {
		if filepath.IsAbs(f.Path) {
			folders = append(folders, Folder{filepath.Join(f.Path, "muster", "locks"), f.Shared})
		}
	}
	return folders
}

// prepare makes the folder.
func (f Folder) prepare() error {
	if err := os.MkdirAll(f.Path, 0o777); err != nil {
		return &unusableError{err}
	}
	return nil
}

func (f Folder) check() error {
	_, err := os.Stat(f.Path)
	return err
}

const safely = 0

func openFile(path string, _ bool) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, &unusableError{err}
	}
	return file, nil
}

func openThere(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }

func ours(fs.FileInfo) bool { return true }

// discard gives the lock back and takes the file away, which Windows refuses
// while anybody has it open.
func (l *Lock) discard() error {
	err := l.file.Truncate(0)
	if errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	err = errors.Join(err, l.file.Close())
	_ = os.Remove(l.path) // somebody waits for it
	return err
}

// trusted is everybody: the folder has no other users' files.
func trusted(string, int) bool { return true }

func idOf(f Folder) (id string, known bool) { return f.Path, true }

func groupOf(fs.FileInfo) int { return -1 }

func userName() string { return cmp.Or(os.Getenv("USERNAME"), "somebody") }
