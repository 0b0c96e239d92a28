package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/internal/watch"
	"github.com/musterdev/muster/project"
)

type watchOptions struct {
	quiet bool
	prune bool
	noUp  bool
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
	p := op.target.project
	rules, err := s.watchRules(p, args)
	if err != nil || s.global.dryRun {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	only := s.lockOptions(e, p.Name, "watch")
	only.Kind, only.Timeout = "watch", -1
	l, err := lock.Acquire(ctx, only)
	if err != nil {
		return err
	}
	defer func() { _ = l.Release() }() // the kernel frees it in any case
	if !opt.noUp {
		if err := s.run(ctx, op); err != nil {
			return err
		}
	}
	return s.watchFiles(ctx, p, rules, opt)
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
// What changes while a batch is worked on makes the next one.
type refresher struct {
	*session
	opt   watchOptions
	p     *project.Project
	rules []watch.Rule
	e     convergence.Engine

	mu      sync.Mutex
	pending []string
	wake    chan struct{}
}

// watchFiles watches until ctx ends.
func (s *session) watchFiles(ctx context.Context, p *project.Project, rules []watch.Rule, opt watchOptions) error {
	e, _, err := s.sessions()
	if err != nil {
		return err
	}
	w, err := watch.NewWatcher(rules)
	if err != nil {
		return err
	}
	defer w.Close()
	r := &refresher{session: s, opt: opt, p: p, rules: rules, e: e, wake: make(chan struct{}, 1)}
	if err := r.initialSync(ctx); err != nil {
		return err
	}
	s.inform("Watch enabled")
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return w.Run(ctx, r.changed, func() { s.printer.Warn("the system lost track of changes: all watched files are taken as changed") })
	})
	group.Go(func() error { return r.work(ctx) })
	return group.Wait()
}

func (r *refresher) changed(paths []string) {
	r.mu.Lock()
	r.pending = append(r.pending, paths...)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default: // whoever works will see them
	}
}

func (r *refresher) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.wake:
		}
		r.mu.Lock()
		paths := r.pending
		r.pending = nil
		r.mu.Unlock()
		for _, w := range watch.Decide(r.rules, paths) {
			if err := r.refresh(ctx, w); err != nil {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				r.printer.Warn(fmt.Sprintf("watch %s: %s", w.Service, ui.ErrorText(err)))
			}
		}
	}
}

// refresh does what a batch means for a service.
func (r *refresher) refresh(ctx context.Context, w watch.Work) error {
	if w.Rebuild {
		return r.rebuild(ctx, w.Service)
	}
	if len(w.Sync) > 0 {
		detected := "1 change was detected"
		if n := len(w.Sync); n > 1 {
			detected = fmt.Sprintf("%d changes were detected", n)
		}
		r.inform(fmt.Sprintf("Syncing service %q after %s", w.Service, detected))
		if err := r.sync(ctx, w.Service, w.Sync); err != nil {
			return err
		}
	}
	for _, hook := range w.Exec {
		if err := r.exec(ctx, w.Service, hook); err != nil {
			return err
		}
	}
	if !w.Restart {
		return nil
	}
	op := operation{name: "restart", target: target{r.p.Name, r.p}}
	op.plan = func(have convergence.Observed) (convergence.Plan, error) {
		return convergence.PlanRestart(r.p, have, convergence.RestartOptions{Services: []string{w.Service}})
	}
	return r.run(ctx, op)
}

// rebuild builds the service and replaces its containers if the image changed.
func (r *refresher) rebuild(ctx context.Context, service string) error {
	r.inform(fmt.Sprintf("Rebuilding service %q after changes were detected", service))
	up := convergence.UpOptions{Services: r.withProviders(service), NoDeps: true, Build: true, QuietPull: r.opt.quiet, IgnoreOrphans: true, Now: time.Now()}
	ready := up
	ready.ImagesReady = true
	op := operation{
		name: "up", target: target{r.p.Name, r.p},
		plan:        func(have convergence.Observed) (convergence.Plan, error) { return convergence.PlanUp(r.p, have, up) },
		afterImages: func(have convergence.Observed) (convergence.Plan, error) { return convergence.PlanUp(r.p, have, ready) },
	}
	if err := r.run(ctx, op); err != nil || !r.opt.prune {
		return err
	}
	return r.e.(convergence.Sessions).PruneImages(ctx, r.p.Name)
}

// withProviders are the service and the providers that set variables for it.
func (r *refresher) withProviders(service string) []string {
	names := []string{service}
	for _, d := range r.p.Service(service).DependsOn {
		if dep := r.p.Service(d.Service); dep != nil && dep.Provider {
			names = append(names, dep.Name)
		}
	}
	return names
}

// replicas are the service's containers in every state.
func (r *refresher) replicas(ctx context.Context, service string) ([]convergence.Container, error) {
	return containersOf(ctx, r.e, target{r.p.Name, r.p}, service, func(c convergence.Container) bool { return !c.OneOff })
}

func (r *refresher) sync(ctx context.Context, service string, files []watch.File) error {
	cs, err := r.replicas(ctx, service)
	if err != nil {
		return err
	}
	inside := r.e.(interface {
		convergence.Containers
		convergence.Sessions
	})
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range cs {
		group.Go(func() error { return watch.Sync(ctx, inside, c.Ref, c.State == convergence.Running, files) })
	}
	return group.Wait()
}

func (r *refresher) exec(ctx context.Context, service string, hook project.Hook) error {
	cs, err := r.replicas(ctx, service)
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.State != convergence.Running {
			continue
		}
		result, err := r.e.Exec(ctx, c.Ref, convergence.ExecSpec{
			Command: hook.Command, User: hook.User, WorkingDir: hook.WorkingDir, Environment: hook.Environment, Privileged: hook.Privileged,
		})
		if err == nil && result.ExitCode != 0 {
			err = fmt.Errorf("exec in %s ended with code %d: %s", c.Name, result.ExitCode, result.Output)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// initialSync copies what changed since the images were made.
func (r *refresher) initialSync(ctx context.Context) error {
	for _, rule := range r.rules {
		if !rule.Initial {
			continue
		}
		sv := r.p.Service(rule.Service)
		images, err := r.e.ListImages(ctx, []convergence.ImageRef{{Ref: sv.Image, Platform: sv.Spec.Platform}})
		if err != nil {
			return err
		}
		var made time.Time
		if len(images) > 0 {
			made = images[0].Created
		}
		files, err := watch.Newer(rule, made)
		if err != nil {
			return err
		}
		if len(files) > 0 {
			if err := r.sync(ctx, rule.Service, files); err != nil {
				return err
			}
		}
	}
	return nil
}
