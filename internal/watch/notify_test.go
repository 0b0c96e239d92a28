package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/internal/patience"
	"github.com/musterdev/muster/internal/watch"
)

// TestSettle: every change that was made before is handed over when it returns.
func TestSettle(t *testing.T) {
	l := watching(t, tree(t, "a", "gone", "old/f", "same"))
	write(t, l.at("a"), "changed")
	write(t, l.at("new/f"), "content")
	l.must(os.Remove(l.at("gone")))
	l.must(os.Rename(l.at("old"), l.at("moved")))
	l.must(l.watcher.Flush(t.Context()))
	told := map[string]bool{}
	for len(l.batches) > 0 {
		for _, p := range <-l.batches {
			told[p] = true
		}
	}
	for _, name := range []string{"a", "new/f", "gone", "old/f", "moved/f"} {
		if !told[l.at(name)] {
			t.Errorf("%s was not handed over", name)
		}
	}
	if told[l.at("same")] {
		t.Error("what is the same was handed over")
	}
}

// lookout is a watcher whose batches are read.
type lookout struct {
	*testing.T
	watcher *watch.Watcher
	dir     string
	batches chan []string
}

// watching watches paths of a folder: those named, or all of it.
func watching(t *testing.T, dir string, triggers ...types.Trigger) *lookout {
	t.Helper()
	if len(triggers) == 0 {
		triggers = []types.Trigger{{Path: dir, Action: "sync", Target: "/app", Ignore: []string{"node_modules/"}}}
	}
	w, err := watch.NewWatcher(rules(t, dir, triggers...), func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	l := &lookout{t, w, dir, make(chan []string, 1000)}
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, func(paths []string) { l.batches <- paths }, func() {}) }()
	t.Cleanup(func() {
		stop := errors.New("enough")
		cancel(stop)
		if err := <-done; err != stop && err != context.Canceled {
			t.Errorf("Run = %v, want the cause", err)
		}
		_ = w.Close()
	})
	return l
}

// expect waits until all the paths were told of, and returns whatever was.
func (l *lookout) expect(names ...string) (told []string) {
	l.Helper()
	hangs := patience.InMemory().Out(l.Context())
	missing := map[string]bool{}
	for _, n := range names {
		missing[filepath.Join(l.dir, n)] = true
	}
	for len(missing) > 0 {
		select {
		case batch := <-l.batches:
			for _, p := range batch {
				delete(missing, p)
				told = append(told, p)
			}
		case <-hangs:
			l.Fatalf("never told of %v, but of %v", missing, told)
		}
	}
	return told
}

func (l *lookout) at(name string) string { return filepath.Join(l.dir, name) }

func (l *lookout) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// TestWatcher: edits, new folders with files in them, replaced files and
// deletions are noticed; ignored folders are not even watched.
func TestWatcher(t *testing.T) {
	l := watching(t, tree(t, "a", "sub/b", "node_modules/x"))
	write(t, l.at("node_modules/x"), "changed")
	write(t, l.at("a"), "changed")
	told := l.expect("a")
	write(t, l.at("new/deep/er/file"), "content")
	told = append(told, l.expect("new/deep/er/file")...)
	write(t, l.at("new/deep/er/second"), "content")
	told = append(told, l.expect("new/deep/er/second")...)
	l.must(os.Rename(l.at("a"), l.at("sub/b")))
	told = append(told, l.expect("a", "sub/b")...)
	if slices.Contains(told, l.at("node_modules/x")) {
		t.Error("what is ignored was told of")
	}
}

// TestWatcherWaitsForPaths: a path that does not exist, in folders that do not
// either, is watched once it does, and again when it went and came back.
func TestWatcherWaitsForPaths(t *testing.T) {
	dir := tree(t, "other")
	l := watching(t, dir,
		types.Trigger{Path: filepath.Join(dir, "some/where/src"), Action: "sync", Target: "/app"},
		types.Trigger{Path: filepath.Join(dir, "conf/app.toml"), Action: "sync", Target: "/etc/app.toml"},
	)
	for range 2 {
		write(t, l.at("some/where/src/deep/f"), "content")
		l.expect("some/where/src/deep/f")
		write(t, l.at("some/where/src/deep/g"), "content")
		l.expect("some/where/src/deep/g")
		write(t, l.at("conf/app.toml"), "content")
		write(t, l.at("conf/other.toml"), "content")
		l.expect("conf/app.toml")
		write(t, l.at("conf/app.toml"), "other")
		l.expect("conf/app.toml")
		l.must(os.RemoveAll(l.at("some")))
		if told := l.expect("some/where/src/deep/f", "some/where/src/deep/g"); slices.Contains(told, l.at("some/where/src")) {
			t.Error("the watched folder itself is taken for a change: its target would be removed, with what only the container has in it")
		}
		l.must(os.RemoveAll(l.at("conf")))
		l.expect("conf/app.toml")
	}
}

// TestWatcherFollowsRenames: a renamed folder tells of changes by its new name, at
// every depth, and one of the old name that is made later by that.
func TestWatcherFollowsRenames(t *testing.T) {
	l := watching(t, tree(t, "old/in/f", "keep"))
	l.must(os.Rename(l.at("old"), l.at("new")))
	l.expect("old", "old/in/f", "new/in/f")
	write(t, l.at("new/in/g"), "content")
	if told := l.expect("new/in/g"); slices.Contains(told, l.at("old/in/g")) {
		t.Error("told of a change by the old name")
	}
	write(t, l.at("old/in/h"), "content")
	l.expect("old/in/h")
}

// TestWatcherSeesTheWatchedFolderReplaced: as a checkout or a release by renaming
// does it, also by a link.
func TestWatcherSeesTheWatchedFolderReplaced(t *testing.T) {
	dir := tree(t, "src/f", "src/gone", "next/f", "next/n", "linked/l")
	l := watching(t, dir, types.Trigger{Path: filepath.Join(dir, "src"), Action: "sync", Target: "/app"})
	l.must(os.Rename(l.at("src"), l.at("before")))
	l.must(os.Rename(l.at("next"), l.at("src")))
	l.expect("src/f", "src/gone", "src/n")
	write(t, l.at("src/n"), "changed")
	l.expect("src/n")
	l.must(os.RemoveAll(l.at("src")))
	l.expect("src/n")
	l.must(os.Symlink("linked", l.at("src")))
	l.expect("src/l")
	write(t, l.at("linked/l"), "changed")
	l.expect("src/l")
}

// TestWatcherAndAttributes: permission bits and touched files are changes.
func TestWatcherAndAttributes(t *testing.T) {
	l := watching(t, tree(t, "run.sh", "touched"))
	l.must(os.Chmod(l.at("run.sh"), 0o755))
	l.expect("run.sh")
	l.must(os.Chtimes(l.at("touched"), time.Time{}, time.Unix(1700000000, 0)))
	l.expect("touched")
}
