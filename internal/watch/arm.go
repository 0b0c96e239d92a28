package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// arm watches a rule's path and what is below it, and the folders above it, in
// which it appears and from which it goes. It returns what is there.
func (w *Watcher) arm(r Rule) (found []string, err error) {
	for {
		above := nearestFolder(r.Path)
		if err := w.watchFolder(above); err != nil {
			return nil, err
		}
		for folder := above; folder != r.base && within(r.base, folder); {
			folder = filepath.Dir(folder)
			if err := w.watchFolder(folder); err != nil {
				return nil, err
			}
		}
		found, err = w.look(r.Path)
		if missing(err) {
			err = nil
		}
		// What appeared before it was watched is found by looking again.
		if err != nil || nearestFolder(r.Path) == above {
			return found, err
		}
	}
}

// nearestFolder is the nearest folder above the path that exists.
func nearestFolder(path string) string {
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		if info, err := os.Stat(folder); err == nil && info.IsDir() || folder == filepath.Dir(folder) {
			return folder
		}
	}
}

// look watches a path that rules care for and the folders below it, and returns
// everything in them: a new folder may have been filled before it was watched.
func (w *Watcher) look(path string) (found []string, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	root := path
	if info.Mode()&fs.ModeSymlink != 0 && slices.ContainsFunc(w.rules, func(r Rule) bool { return r.Path == path }) {
		// A link that takes the place of a watched path is followed, as it is when
		// the rules are read.
		if target, err := os.Stat(path); err == nil && target.IsDir() {
			root, info = path+string(filepath.Separator), target
		}
	}
	if !info.IsDir() {
		w.seen.put(path, stampOf(info))
		return []string{path}, nil
	}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		p = filepath.Clean(p)
		switch {
		case missing(err):
			return nil // gone already
		case err != nil:
			w.warnOnce(fmt.Sprintf("%s is not watched: %v", p, err))
			return nil
		case d.IsDir() && w.skips(p):
			return filepath.SkipDir
		}
		if info, err := d.Info(); err == nil {
			w.seen.put(p, stampOf(info))
			found = append(found, p)
		}
		if d.IsDir() {
			return w.watchFolder(p)
		}
		return nil
	})
	return found, err
}

// watchFolder watches the names in a folder. One that may not be read is
// warned of: the rest is watched all the same.
func (w *Watcher) watchFolder(folder string) error {
	err := w.fs.Add(folder)
	switch {
	case err == nil || missing(err):
		return nil
	case errors.Is(err, fs.ErrPermission):
		w.warnOnce(fmt.Sprintf("%s is not watched: %v", folder, err))
		return nil
	}
	return fmt.Errorf("watch %s: %w (the limit is the system setting fs.inotify.max_user_watches)", folder, err)
}

func (w *Watcher) warnOnce(text string) {
	if !w.said[text] {
		w.said[text] = true
		w.warn(text)
	}
}

// skips reports whether no rule cares for what is below a folder.
func (w *Watcher) skips(folder string) bool {
	return !slices.ContainsFunc(w.rules, func(r Rule) bool { return within(r.Path, folder) && !r.skipsFolder(folder) })
}

// forget drops what was seen at a path and below it. Folders there are not
// watched any more: one that was renamed would tell of changes by its old name.
func (w *Watcher) forget(path string, gone func(path string, st stamp)) {
	w.seen.drop(path, func(p string, st stamp) {
		if st.mode.IsDir() {
			_ = w.fs.Remove(p) // the system forgets removed folders by itself
		}
		gone(p, st)
	})
}

// touched takes note of a file's attributes and reports whether they are others.
func (w *Watcher) touched(path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	before, known := w.seen.get(path)
	now := stampOf(info)
	if known {
		w.seen.put(path, now)
	}
	return !known || before != now
}

// missing reports whether nothing is at a path.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
