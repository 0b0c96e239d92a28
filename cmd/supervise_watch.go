package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// modelQuiet is how long a file must rest after a change before it is read:
// editors write in several steps.
const modelQuiet = 200 * time.Millisecond

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

// reload loads the project of the services again, or of all, without printing
// warnings a second time.
func (s *session) reload(ctx context.Context, services []string) (*project.Project, error) {
	in := s.loaderInput()
	in.Services, in.Key = services, s.labelKey()
	p, _, err := loader.Open(ctx, in)
	if err != nil {
		return nil, err
	}
	problems, err := need{}.problems(p, services)
	if err != nil {
		return nil, err
	}
	return p, loader.Refusal(problems)
}
