package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long nothing may change before a batch is handed on.
	quiet = 50 * time.Millisecond
	// longest is how long a batch may grow while changes keep coming.
	longest = 500 * time.Millisecond
)

// Watcher notices changes below the paths of rules.
type Watcher struct {
	rules []Rule
	fs    *fsnotify.Watcher
}

// NewWatcher watches the rules' paths and everything below them that a rule does
// not ignore. Changes are noticed from when it returns. Close ends it.
func NewWatcher(rules []Rule) (*Watcher, error) {
	notify, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	w := &Watcher{rules: rules, fs: notify}
	for _, r := range rules {
		if _, err := w.add(r.Path); err != nil {
			_ = notify.Close() // the first error is the one to tell
			return nil, err
		}
	}
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.fs.Close() }

// add watches a path and the folders below it, and returns the files in them: a
// new folder may have been filled before it was watched. A single file is watched
// through its folder, since editors replace files.
func (w *Watcher) add(root string) (files []string, err error) {
	info, err := os.Lstat(root)
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	if !info.IsDir() {
		return []string{root}, w.watchFolder(filepath.Dir(root))
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone already
		case err != nil:
			return fmt.Errorf("watch %s: %w", path, err)
		case !d.IsDir():
			files = append(files, path)
			return nil
		case w.skips(path):
			return filepath.SkipDir
		}
		return w.watchFolder(path)
	})
	return files, err
}

func (w *Watcher) watchFolder(folder string) error {
	if err := w.fs.Add(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("watch %s: %w (the limit of watched folders is a setting of the system: fs.inotify.max_user_watches)", folder, err)
	}
	return nil
}

// skips reports whether no rule cares for what is below a folder.
func (w *Watcher) skips(folder string) bool {
	return !slices.ContainsFunc(w.rules, func(r Rule) bool { return within(r.Path, folder) && !r.skipsFolder(folder) })
}

// Run hands batches of changed paths over, each path once, until ctx ends, whose
// cause it returns. lost is called when the system dropped notifications; the
// batch then holds every file.
func (w *Watcher) Run(ctx context.Context, changed func(paths []string), lost func()) error {
	batch := map[string]bool{}
	var first time.Time
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case ev, open := <-w.fs.Events:
			if !open {
				return errors.New("watch files: the watcher was closed")
			}
			if !w.note(ev, batch) {
				continue
			}
		case err, open := <-w.fs.Errors:
			if !open || !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch files: %w", err)
			}
			lost()
			w.noteAll(batch)
		case <-timer.C:
			changed(slices.Sorted(maps.Keys(batch)))
			batch, first = map[string]bool{}, time.Time{}
			continue
		}
		if first.IsZero() {
			first = time.Now()
		}
		timer.Reset(max(0, min(quiet, longest-time.Since(first))))
	}
}

// note adds a change to the batch if a rule cares for it.
func (w *Watcher) note(ev fsnotify.Event, batch map[string]bool) bool {
	if ev.Op == fsnotify.Chmod {
		return false // indexers and backups touch attributes all the time
	}
	concerns := false
	add := func(path string) {
		if slices.ContainsFunc(w.rules, func(r Rule) bool { return r.Matches(path) }) {
			batch[path], concerns = true, true
		}
	}
	add(ev.Name)
	if ev.Has(fsnotify.Create) && !w.skips(ev.Name) {
		if info, err := os.Lstat(ev.Name); err == nil && info.IsDir() {
			files, _ := w.add(ev.Name) // what cannot be watched will say so when it is touched
			for _, f := range files {
				add(f)
			}
		}
	}
	return concerns
}

// noteAll puts every file into the batch.
func (w *Watcher) noteAll(batch map[string]bool) {
	for _, r := range w.rules {
		files, _ := w.add(r.Path) // a path that is gone has no files
		for _, f := range files {
			if r.Matches(f) {
				batch[f] = true
			}
		}
	}
}
