package keeper

import (
	"context"
	"errors"
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

// modelWatch notices changes of a project's files.
type modelWatch struct {
	*fsnotify.Watcher
	files []string
}

// watchModel notices changes from now on. The folders are watched, since editors
// replace files.
func watchModel(files []string) (*modelWatch, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f != "-" {
			if err := w.Add(filepath.Dir(f)); err != nil {
				return nil, errors.Join(err, w.Close())
			}
		}
	}
	return &modelWatch{w, files}, nil
}

// run calls changed after one of the files changed, until ctx ends, whose cause it
// returns.
func (w *modelWatch) run(ctx context.Context, changed func()) error {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case ev := <-w.Events:
			if slices.Contains(w.files, ev.Name) && ev.Op != fsnotify.Chmod {
				timer.Reset(modelQuiet)
			}
		case err := <-w.Errors:
			return err
		case <-timer.C:
			changed()
		}
	}
}

// reloadProject loads the project again and hands it on. A model that cannot be loaded
// changes nothing: the last good one stays.
func reloadProject(ctx context.Context, opt Options, models chan<- *project.Project) {
	fresh, err := opt.Reload(ctx)
	if err == nil && fresh.Name != opt.Project.Name {
		err = fmt.Errorf("the project was renamed to %s", fresh.Name)
	}
	if err != nil {
		opt.Report.Warn("the Compose file changed but is invalid; keeping the previous one:\n" + ui.ErrorText(err))
		return
	}
	select {
	case models <- fresh:
		opt.Report.Info("the Compose file changed; using the new one")
	case <-ctx.Done():
	}
}
