package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/internal/watch"
	"github.com/musterdev/muster/project"
)

type watchOptions struct {
	quiet bool
	prune bool
	noUp  bool
	// output shows what commands print that run after a synchronisation.
	capture func(plan.RunHook) io.WriteCloser
}

func (s *session) watchCmd() *cobra.Command {
	var opt watchOptions
	c := &cobra.Command{
		Use: "watch [SERVICE...]", Short: "Watch build context for service and rebuild/refresh containers when files are updated",
		RunE: func(c *cobra.Command, args []string) error { return s.watch(c.Context(), opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.quiet, "quiet", false, "Hide build output")
	f.BoolVar(&opt.prune, "prune", true, "Prune dangling images on rebuild")
	f.BoolVar(&opt.noUp, "no-up", false, "Do not build & start services before watching")
	return c
}

func (s *session) watch(ctx context.Context, opt watchOptions, args []string) error {
	op, err := s.upOperation(ctx, "up", createOptions{build: true, quietBuild: opt.quiet, pull: "policy", settle: settleTime}, args)
	if err != nil {
		return err
	}
	p := op.Want
	rules, err := s.watchRules(p, args)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		return s.watchDry(ctx, op, rules, opt)
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	only := s.lockOptions(e, p.Name, "watch")
	only.Kind, only.Timeout = "watch", -1
	release, err := s.acquire(ctx, only)
	if err != nil {
		return err
	}
	defer release()
	logs := s.containerLogs(p.Name)
	defer logs.Close() // what cannot be written was reported with the lines before
	opt.capture = logs.Hook
	r, err := s.armWatch(ctx, p, rules, opt)
	if err != nil {
		return err
	}
	defer r.Close()
	if !opt.noUp {
		if err := operate(ctx, s, op); err != nil {
			return err
		}
	}
	return r.work(ctx)
}

// watchDry says what watch would do.
func (s *session) watchDry(ctx context.Context, op operation.Operation, rules []watch.Rule, opt watchOptions) error {
	if !opt.noUp {
		if err := operate(ctx, s, op); err != nil {
			return err
		}
	}
	for _, r := range rules {
		s.inform(fmt.Sprintf("would watch %s for service %s", r.Path, r.Service))
	}
	return nil
}

// watchRules reads the rules of the named services, or of all that have some.
func (s *session) watchRules(p *project.Project, args []string) ([]watch.Rule, error) {
	services, err := withDependencies(p, args, false)
	if err != nil {
		return nil, err
	}
	rules, warnings, err := watch.Rules(p, services)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		s.printer.Warn(w)
	}
	if len(rules) == 0 {
		return nil, errors.New("none of the selected services is configured for watch: add a develop.watch section")
	}
	return rules, nil
}

// refresher carries out what changes of files mean, one batch after the other.
// What changes while a batch is worked on, or services are still started, makes
// the next one.
type refresher struct {
	*session
	opt     watchOptions
	p       *project.Project
	rules   []watch.Rule
	e       engine.Engine
	watcher *watch.Watcher
	end     context.CancelFunc
	failed  chan error // receives how noticing ended

	mu      sync.Mutex
	pending []string
	look    bool // there may be new containers
	wake    chan struct{}

	known   map[string]bool                // IDs of containers that have what was synced
	changed map[string]map[watch.File]bool // by service: what was synced since the start
}

// armWatch notices changes from now on; work carries out what they mean.
func (s *session) armWatch(ctx context.Context, p *project.Project, rules []watch.Rule, opt watchOptions) (*refresher, error) {
	e, err := s.engine()
	if err != nil {
		return nil, err
	}
	w, err := watch.NewWatcher(rules, s.printer.Warn)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	r := &refresher{
		session: s, opt: opt, p: p, rules: rules, e: e, watcher: w, end: end, failed: make(chan error, 1), wake: make(chan struct{}, 1),
		known: map[string]bool{}, changed: map[string]map[watch.File]bool{},
	}
	go func() {
		r.failed <- w.Run(ctx, r.note, func() { s.printer.Warn("the system lost track of changes: all watched files are taken as changed") })
	}()
	return r, nil
}

// Close ends the watch.
func (r *refresher) Close() {
	r.end()
	_ = r.watcher.Close() // nothing is left to do about it
}

func (r *refresher) note(paths []string) {
	r.mu.Lock()
	r.pending = append(r.pending, paths...)
	r.mu.Unlock()
	r.awake()
}

func (r *refresher) awake() {
	select {
	case r.wake <- struct{}{}:
	default: // whoever works will see it
	}
}

// work goes on until ctx ends, from what differs and what changed until now on.
func (r *refresher) work(ctx context.Context) error {
	r.look = true
	if err := r.watcher.Settle(ctx); err != nil {
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
	group.Go(func() error { return r.onlook(ctx) })
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
func (r *refresher) handle(ctx context.Context) error {
	r.mu.Lock()
	paths, look := r.pending, r.look
	r.pending, r.look = nil, false
	r.mu.Unlock()
	if look {
		r.complain("watch", r.catchUp(ctx))
	}
	for _, w := range watch.Decide(r.rules, paths) {
		r.complain("watch "+w.Service, r.refresh(ctx, w))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// say tells what watch does: on standard output, among what containers say.
func (r *refresher) say(text string) {
	r.printer.Around(func() { fmt.Fprintln(r.Out, text) })
}

func (r *refresher) complain(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		r.printer.Warn(what + ": " + ui.ErrorText(err))
	}
}
