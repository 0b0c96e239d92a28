//go:build !windows

package lock

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

var errHeld error = syscall.EWOULDBLOCK

// lockNow takes the lock or says errHeld.
func lockNow(file *os.File) error { return flock(file, syscall.LOCK_EX|syscall.LOCK_NB) }

// look says errHeld if somebody has taken the lock. Others may look at the same time.
func look(file *os.File) error { return flock(file, syscall.LOCK_SH|syscall.LOCK_NB) }

func lockBlocking(file *os.File) error { return flock(file, syscall.LOCK_EX) }

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// Folders are where locks may lie, best first. The shared ones are the machine's,
// the same for every caller; those after them are for a process that can write
// to none of these, whose locks then hold for its user only.
func Folders(getenv func(string) string) []Folder {
	shared := []string{"/tmp", "/var/tmp"}
	if runtime.GOOS == "linux" {
		// Neither is private to a systemd unit with PrivateTmp.
		shared = append([]string{"/run/lock", "/var/lock", "/dev/shm"}, shared...)
	}
	uid := strconv.Itoa(os.Getuid())
	private := []string{getenv("XDG_RUNTIME_DIR"), "/run/user/" + uid, getenv("XDG_CACHE_HOME")}
	if home := getenv("HOME"); home != "" {
		private = append(private, filepath.Join(home, ".cache"))
	}
	private = append(private, getenv("TMPDIR"))
	var folders []Folder
	for _, path := range shared {
		folders = append(folders, Folder{Path: path, Shared: true})
	}
	for _, path := range private {
		if filepath.IsAbs(path) {
			folders = append(folders, Folder{Path: filepath.Join(path, "muster-"+uid)})
		}
	}
	return folders
}

// prepare makes sure that the folder is what it is taken for.
func (f Folder) prepare() error {
	if !f.Shared {
		if err := os.Mkdir(f.Path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return &unusableError{err}
		}
	}
	if err := f.check(); err != nil {
		return &unusableError{fmt.Errorf("use directory %s for locks: %w", f.Path, err)}
	}
	return nil
}

// check reports why the folder is not what it is taken for.
func (f Folder) check() error {
	if f.Shared {
		return sticky(f.Path)
	}
	return private(f.Path)
}

// sticky reports why a folder is not one that everybody can write to and where
// nobody can remove what is another user's.
func sticky(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("not a directory")
	case !ok || stat.Uid != 0 && int(stat.Uid) != os.Getuid():
		return errors.New("owned by another user")
	case info.Mode()&fs.ModeSticky == 0 || info.Mode().Perm()&0o002 == 0:
		return errors.New("not writable by every user")
	}
	return nil
}

// private reports why a folder is not ours alone.
func private(dir string) error {
	info, err := os.Lstat(dir) // a link is no folder
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("not a directory")
	case !ok || int(stat.Uid) != os.Getuid():
		return errors.New("owned by another user")
	case info.Mode().Perm()&0o022 != 0:
		return errors.New("writable by others")
	}
	return nil
}

// safely keeps from following links and from waiting for whoever opens the other
// end of a pipe, which somebody may have put where the file is looked for.
const safely = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// openPatience is how long a file that may not be opened is tried again: it may
// be one that another user makes at this moment.
const openPatience = time.Second

// openFile opens the file, or makes it. Files of others are never opened with
// O_CREAT: kernels refuse that in folders that everybody can write to
// (fs.protected_regular).
func openFile(path string, shared bool) (*os.File, error) {
	for began := time.Now(); ; {
		file, err := os.OpenFile(path, os.O_RDWR|safely, 0)
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) { // to lock it, reading is enough
			file, err = os.OpenFile(path, os.O_RDONLY|safely, 0)
		}
		if errors.Is(err, fs.ErrNotExist) {
			file, err = makeFile(path, shared)
			if errors.Is(err, fs.ErrExist) {
				continue // somebody was faster
			}
			if err != nil {
				return nil, &unusableError{err}
			}
			return file, nil
		}
		if errors.Is(err, fs.ErrPermission) && time.Since(began) < openPatience {
			time.Sleep(pause)
			continue
		}
		if err != nil {
			return nil, planted(path, err)
		}
		gone, err := checkFile(file)
		if err == nil && !gone {
			return file, nil
		}
		file.Close()
		if err != nil {
			return nil, planted(path, err)
		}
	}
}

// makeFile makes the file; in a shared folder for everybody.
func makeFile(path string, shared bool) (*os.File, error) {
	mode := fs.FileMode(0o600)
	if shared {
		mode = 0o666
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|safely, mode)
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(mode); err != nil { // whatever the umask is
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	return file, nil
}

// openThere opens a lock file that is there.
func openThere(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|safely, 0) }

// ours reports whether this user may take the file away: root may take any.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (os.Getuid() == 0 || int(stat.Uid) == os.Getuid())
}

// checkFile refuses what is no plain file of its own. gone says that it has been
// taken away meanwhile.
func checkFile(file *os.File) (gone bool, err error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return false, errors.New("not a regular file")
	case ok && stat.Nlink > 1:
		return false, errors.New("it has more than one name")
	}
	return ok && stat.Nlink == 0, nil
}

// planted explains what stands where the lock's file should.
func planted(path string, err error) error {
	if errors.Is(err, syscall.ELOOP) {
		err = errors.New("is a symbolic link")
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	owner, who := "", "remove it"
	if info, statErr := os.Lstat(path); statErr == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = fmt.Sprintf(" of uid %d", stat.Uid)
			if os.Getuid() != 0 && int(stat.Uid) != os.Getuid() {
				who = "that user or root must remove it"
			}
		}
	}
	return fmt.Errorf("use %s%s as the lock file: %w; %s", path, owner, err, who)
}

// discard takes the file away and gives the lock back. What another user made
// only that user can take away; it is left empty.
func (l *Lock) discard() error {
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		_ = l.file.Truncate(0)
		err = nil
	}
	if errors.Is(err, fs.ErrNotExist) { // somebody cleaned the folder
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

// trusted reports whether the file is root's or that of a member of the group.
func trusted(path string, group int) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return ok
	}
	owner, err := user.LookupId(strconv.Itoa(int(stat.Uid)))
	if err != nil || group < 0 {
		return false
	}
	groups, err := owner.GroupIds()
	return err == nil && slices.Contains(groups, strconv.Itoa(group))
}

// idOf tells folders apart that have one path in different containers.
func idOf(f Folder) (id string, known bool) {
	var at syscall.Stat_t
	if err := syscall.Stat(f.Path, &at); err != nil {
		return "", false
	}
	return fmt.Sprintf("%x-%x", uint64(at.Dev), at.Ino), true
}

func groupOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid)
	}
	return -1
}

func userName() string { return cmp.Or(os.Getenv("USER"), "uid "+strconv.Itoa(os.Getuid())) }
