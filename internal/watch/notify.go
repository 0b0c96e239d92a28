package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// Watcher notices changes below the paths of rules, whether they exist yet or not.
type Watcher struct {
	rules []Rule
	fs    *fsnotify.Watcher
	seen  seen
	warn  func(string)
	said  map[string]bool    // what was warned of
	now   chan chan struct{} // asks to look at everything at once
	ended chan struct{}      // closed when Run has ended
}

// NewWatcher watches the rules' paths and everything below them that a rule does
// not ignore. A path that does not exist is waited for. Changes are noticed from
// when it returns. warn is told what cannot be watched. Close ends it.
func NewWatcher(rules []Rule, warn func(string)) (*Watcher, error) {
	notify, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	w := &Watcher{
		rules: rules, fs: notify, seen: seen{}, warn: warn, said: map[string]bool{}, now: make(chan chan struct{}), ended: make(chan struct{}),
	}
	for _, r := range rules {
		if _, err := w.arm(r); err != nil {
			_ = notify.Close() // the first error is the one to tell
			return nil, err
		}
	}
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.fs.Close() }

// Flush returns once Run has handed over every change made before the call. It
// compares the files with what was seen of them: the system tells of changes, but
// not when it has told of all.
func (w *Watcher) Flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case w.now <- done:
	case <-w.ended: // with an error of its own
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	<-done
	return nil
}

// Run hands batches of changed paths over, each path once, until ctx ends, whose
// cause it returns. It is called once. lost is called when the system dropped notifications; the
// batch then holds every file.
func (w *Watcher) Run(ctx context.Context, changed func(paths []string), lost func()) error {
	defer close(w.ended)
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
		case done := <-w.now:
			w.compare(batch)
			timer.Stop()
			if len(batch) > 0 {
				changed(slices.Sorted(maps.Keys(batch)))
			}
			batch, first = map[string]bool{}, time.Time{}
			close(done)
			continue
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

// note adds what an event means to the batch, and reports whether that is anything.
func (w *Watcher) note(ev fsnotify.Event, batch map[string]bool) bool {
	before := len(batch)
	known := false
	switch {
	case ev.Has(fsnotify.Create), ev.Has(fsnotify.Remove), ev.Has(fsnotify.Rename):
		known = w.renew(ev.Name, batch)
	case ev.Has(fsnotify.Write):
		w.touched(ev.Name)
		known = w.put(ev.Name, false, batch)
	case ev.Has(fsnotify.Chmod):
		// Indexers and backups touch attributes all the time: what counts are the
		// permission bits, and the time that touch sets.
		known = w.touched(ev.Name) && w.put(ev.Name, false, batch)
	}
	return known || len(batch) > before
}

// put adds a path to the batch if a rule cares for it. The folder that a rule
// names stands for what is in it: it is not itself synced or removed.
func (w *Watcher) put(path string, folder bool, batch map[string]bool) bool {
	concerns := slices.ContainsFunc(w.rules, func(r Rule) bool { return r.matches(path) && !(folder && path == r.Path) })
	if concerns {
		batch[path] = true
	}
	return concerns
}

// renew looks again at a path that came, went or was replaced: one that a rule
// covers, or one above what a rule watches, which comes and goes with it.
func (w *Watcher) renew(path string, batch map[string]bool) (concerns bool) {
	var found []string
	var errs []error
	gone := func(p string, st stamp) { concerns = w.put(p, st.mode.IsDir(), batch) || concerns }
	w.forget(path, gone)
	if slices.ContainsFunc(w.rules, func(r Rule) bool { return path != r.Path && within(r.Path, path) }) {
		more, err := w.look(path)
		found, errs = append(found, more...), append(errs, err)
	}
	for _, r := range w.rules {
		if within(path, r.Path) {
			w.forget(r.Path, gone)
			more, err := w.arm(r)
			found, errs = append(found, more...), append(errs, err)
		}
	}
	for _, err := range errs {
		if err != nil && !missing(err) {
			w.warnOnce(err.Error())
		}
	}
	for _, f := range found {
		st, _ := w.seen.get(f)
		concerns = w.put(f, st.mode.IsDir(), batch) || concerns
	}
	return concerns
}

// noteAll puts every file into the batch, and what went unnoticed.
func (w *Watcher) noteAll(batch map[string]bool) {
	w.again(batch, func(_ string, st stamp, _ bool) bool { return !st.mode.IsDir() })
}

// compare puts what is not as it was seen into the batch.
func (w *Watcher) compare(batch map[string]bool) {
	before := w.seen
	w.again(batch, func(path string, st stamp, known bool) bool {
		was, _ := before.get(path)
		return !known || was != st
	})
}

// again looks at everything and puts what went, and what is wanted of what is
// there, into the batch.
func (w *Watcher) again(batch map[string]bool, wanted func(path string, st stamp, known bool) bool) {
	before := w.seen
	w.seen = seen{}
	for _, r := range w.rules {
		found, err := w.arm(r)
		if err != nil {
			w.warnOnce(err.Error())
		}
		for _, f := range found {
			st, _ := w.seen.get(f)
			if _, known := before.get(f); wanted(f, st, known) {
				w.put(f, st.mode.IsDir(), batch)
			}
		}
	}
	before.each(func(path string, st stamp) {
		if _, there := w.seen.get(path); !there {
			w.put(path, st.mode.IsDir(), batch)
		}
	})
}
