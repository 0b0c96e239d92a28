package foreground

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/watch"
)

// refresh does what a batch means for a service.
func (r *Watch) refresh(ctx context.Context, w watch.Work) error {
	if w.Rebuild {
		return r.rebuild(ctx, w.Service)
	}
	if len(w.Sync) > 0 {
		detected := "1 change was detected"
		if n := len(w.Sync); n > 1 {
			detected = fmt.Sprintf("%d changes were detected", n)
		}
		r.say(fmt.Sprintf("Syncing service %q after %s", w.Service, detected))
		r.remember(w)
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
	return r.Run(ctx, operation.Restart(r.Project, w.Service))
}

// rebuild builds the service and replaces its containers if the image changed.
func (r *Watch) rebuild(ctx context.Context, service string) error {
	r.say(fmt.Sprintf("Rebuilding service %q after changes were detected", service))
	u := up.UpOptions{Services: r.withProviders(service), NoDeps: true, Build: true, QuietBuild: r.QuietBuild, IgnoreOrphans: true, Now: time.Now()}
	op := operation.Operation{Name: "up", Project: r.Project.Name, Want: r.Project, Recalls: true, Replans: true, Plan: operation.PlanUp(r.Project, u)}
	if err := r.Run(ctx, op); err != nil {
		return err
	}
	r.say(fmt.Sprintf("service(s) [%q] successfully built", service))
	if !r.Prune {
		return nil
	}
	return r.Engine.PruneImages(ctx, r.Project.Name)
}

// withProviders are the service and the providers that set variables for it.
func (r *Watch) withProviders(service string) []string {
	names := []string{service}
	for _, d := range r.Project.Service(service).DependsOn {
		if dep := r.Project.Service(d.Service); dep != nil && dep.Provider {
			names = append(names, dep.Name)
		}
	}
	return names
}

// remember keeps what was synced, for containers that are made later.
func (r *Watch) remember(w watch.Work) {
	if r.changed[w.Service] == nil {
		r.changed[w.Service] = map[watch.File]bool{}
	}
	for _, f := range w.Sync {
		r.changed[w.Service][f] = true
	}
}

// each does something with every container at once; one that fails does not keep
// the others back.
func each(cs []engine.Container, do func(engine.Container) error) error {
	errs := make([]error, len(cs))
	var all sync.WaitGroup
	for i, c := range cs {
		all.Go(func() { errs[i] = do(c) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (r *Watch) sync(ctx context.Context, service string, files []watch.File) error {
	cs, err := replicas(ctx, r.Engine, r.Project, service)
	if err != nil {
		return err
	}
	return each(cs, func(c engine.Container) error {
		return watch.Sync(ctx, r.Engine, c.Ref, c.State == engine.Running, files)
	})
}
