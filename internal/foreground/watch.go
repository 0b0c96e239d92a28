package foreground

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/internal/watch"
	"github.com/musterdev/muster/project"
)

// WatchRules reads the rules of the services that the patterns name, or of all
// that have some.
func WatchRules(p *project.Project, patterns []string, warn func(text string)) ([]watch.Rule, error) {
	services := p.Services
	if len(patterns) > 0 {
		chosen, err := p.Only(patterns...)
		if err != nil {
			return nil, err
		}
		services = chosen.Services
	}
	rules, warnings, err := watch.Rules(p, services)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		warn(w)
	}
	if len(rules) == 0 {
		return nil, errors.New("none of the selected services is configured for watch: add a develop.watch section")
	}
	return rules, nil
}

// WatchOptions say what is watched, and how rebuilds are made.
type WatchOptions struct {
	Parts
	Rules      []watch.Rule
	QuietBuild bool
	Prune      bool // dangling images after a rebuild
}

// Watch carries out what changes of files mean, one batch after the other.
// What changes while a batch is worked on, or services are still started, makes
// the next one.
type Watch struct {
	WatchOptions
	watcher *watch.Watcher
	end     context.CancelFunc
	failed  chan error // receives how noticing ended

	mu      sync.Mutex
	pending []string
	look    bool               // there may be new containers
	listed  []engine.Container // as of when they were told of; nil if nobody has listed
	wake    chan struct{}

	known   map[string]bool                // IDs of containers that have what was synced
	changed map[string]map[watch.File]bool // by service: what was synced since the start
}

// ArmWatch notices changes from now on; Work carries out what they mean.
func ArmWatch(ctx context.Context, opt WatchOptions) (*Watch, error) {
	w, err := watch.NewWatcher(opt.Rules, opt.Printer.Warn)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	r := &Watch{
		WatchOptions: opt, watcher: w, end: end, failed: make(chan error, 1), wake: make(chan struct{}, 1),
		known: map[string]bool{}, changed: map[string]map[watch.File]bool{},
	}
	go func() {
		r.failed <- w.Run(ctx, r.note, func() {
			opt.Printer.Warn("the system lost track of file changes; treating all watched files as changed")
		})
	}()
	return r, nil
}

// Close ends the watch.
func (r *Watch) Close() {
	r.end()
	_ = r.watcher.Close() // nothing is left to do about it
}

func (r *Watch) note(paths []string) {
	r.mu.Lock()
	r.pending = append(r.pending, paths...)
	r.mu.Unlock()
	r.wakeUp()
}

func (r *Watch) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default: // whoever works will see it
	}
}

// Work goes on until ctx ends, from what differs and what changed until now on.
func (r *Watch) Work(ctx context.Context) error {
	r.look = true
	if err := r.watcher.Flush(ctx); err != nil {
		return err
	}
	if err := r.handle(ctx); err != nil {
		return err
	}
	r.say("Watch enabled")
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case err := <-r.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	group.Go(func() error { return r.watchContainers(ctx) })
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-r.wake:
			}
			if err := r.handle(ctx); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}

// handle does what is pending. Only the end of ctx is an error: what fails now
// may go well with the next change.
func (r *Watch) handle(ctx context.Context) error {
	r.mu.Lock()
	paths, look, listed := r.pending, r.look, r.listed
	r.pending, r.look, r.listed = nil, false, nil
	r.mu.Unlock()
	if look {
		r.warnOfFailure("watch", r.catchUp(ctx, listed))
	}
	for _, w := range watch.Decide(r.Rules, paths) {
		r.warnOfFailure("watch "+w.Service, r.refresh(ctx, w))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// say tells what watch does: on standard output, among what containers say.
func (r *Watch) say(text string) {
	r.Printer.Around(func() { fmt.Fprintln(r.Out, text) })
}

func (r *Watch) warnOfFailure(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		r.Printer.Warn(what + ": " + ui.ErrorText(err))
	}
}

// replicas are a service's containers in every state, by their numbers.
func replicas(ctx context.Context, e engine.ContainerLister, p *project.Project, service string) ([]engine.Container, error) {
	cs, err := engine.ListOurs(ctx, e, p.Name, p)
	cs = slices.DeleteFunc(cs, func(c engine.Container) bool { return c.Service != service || c.OneOff })
	slices.SortFunc(cs, func(a, b engine.Container) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name))
	})
	return cs, err
}
