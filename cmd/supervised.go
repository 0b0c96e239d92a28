package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// supervisorOf is where the project's supervisor is found.
func supervisorOf(f *engines, k *locks, name string) (lock.Options, error) {
	e, err := f.engine()
	if err != nil {
		return lock.Options{}, err
	}
	return k.lockOptions(e, name, "supervise"), nil
}

// remindOfSupervisor warns, in one line, if a service needs a supervisor and
// none runs for the project.
func remindOfSupervisor(ctx context.Context, s *setup, p *project.Project) {
	needs := keeper.Needed(p, nil)
	if len(needs) == 0 {
		return
	}
	if _, err := askSupervisor(ctx, s.engines, s.locks, p.Name); !errors.Is(err, metrics.ErrNobody) {
		return
	}
	s.printer.Warn(fmt.Sprintf("no supervisor runs for project %s, so these settings have no effect: %s; run `muster supervise`, or install it with `muster supervise --install`",
		p.Name, strings.Join(needs, ", ")))
}

// askSupervisor is the status of the project's supervisor. See keeper.Ask.
func askSupervisor(ctx context.Context, f *engines, k *locks, name string) ([]metrics.ContainerStatus, error) {
	place, err := supervisorOf(f, k, name)
	if err != nil {
		return nil, err
	}
	return keeper.Ask(ctx, place)
}

// tellStopped tells the project's supervisor of services that are to be down.
func tellStopped(ctx context.Context, s *setup, name string, services []string) {
	place, err := supervisorOf(s.engines, s.locks, name)
	if err == nil {
		err = keeper.TellStopped(ctx, place, services)
	}
	if err != nil {
		s.printer.Warn("could not notify the supervisor of the stop: " + err.Error())
	}
}

// reload loads the project of the services again, or of all, without printing
// warnings a second time.
func reload(ctx context.Context, f *finder, services []string) (*project.Project, error) {
	in := f.loaderInput()
	in.Services, in.Key = services, f.labelKey()
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
