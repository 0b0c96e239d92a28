package keeper

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// modelQuiet is how long a file must rest after a change before it is read:
// editors write in several steps.
const modelQuiet = 200 * time.Millisecond

// followModel loads the project again when one of its files changes. A model that
// cannot be loaded changes nothing: the last good one stays.
func followModel(ctx context.Context, opt Options, models chan<- *project.Project) error {
	return watchModel(ctx, opt.Project.Files, func() {
		fresh, err := opt.Reload(ctx)
		if err == nil && fresh.Name != opt.Project.Name {
			err = fmt.Errorf("the project's name changed to %s", fresh.Name)
		}
		if err != nil {
			opt.Report.Warn("the Compose file changed and cannot be used; the last good one stays:\n" + ui.ErrorText(err))
			return
		}
		select {
		case models <- fresh:
			opt.Report.Info("the Compose file changed and is used from now on")
		case <-ctx.Done():
		}
	})
}

// watchModel calls changed after one of the files changed, until ctx ends, whose
// cause it returns. The folders are watched, since editors replace files.
func watchModel(ctx context.Context, files []string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, f := range files {
		if f != "-" {
			if err := w.Add(filepath.Dir(f)); err != nil {
				return err
			}
		}
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case ev := <-w.Events:
			if slices.Contains(files, ev.Name) && ev.Op != fsnotify.Chmod {
				timer.Reset(modelQuiet)
			}
		case err := <-w.Errors:
			return err
		case <-timer.C:
			changed()
		}
	}
}
