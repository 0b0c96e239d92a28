package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// onlySupervised are the services, of those named or else of all, that declare
// what only a supervisor keeps, each with the keys that do: "web (deploy.restart_policy)".
func onlySupervised(p *project.Project, services []string) []string {
	var found []string
	for _, sv := range p.Services {
		if keys := sv.OnlySupervised(); keys != "" && (len(services) == 0 || slices.Contains(services, sv.Name)) {
			found = append(found, sv.Name+" ("+keys+")")
		}
	}
	return found
}

// remindOfSupervisor warns, in one line, if a service needs a supervisor and
// none runs for the project.
func (s *session) remindOfSupervisor(ctx context.Context, p *project.Project, services []string) {
	needs := onlySupervised(p, services)
	if len(needs) == 0 {
		return
	}
	if _, err := s.askSupervisor(ctx, p.Name); !errors.Is(err, metrics.ErrNobody) {
		return
	}
	s.printer.Warn(fmt.Sprintf("no supervisor runs for project %s, so nobody keeps what the engine cannot: %s; run `muster supervise`, or install it with `muster supervise --install`",
		p.Name, strings.Join(needs, ", ")))
}

// askSupervisor is the status of the project's supervisor, whichever user's it is,
// from the socket that every one of them serves. The error wraps
// metrics.ErrNobody if none runs.
func (s *session) askSupervisor(ctx context.Context, name string) ([]metrics.ContainerStatus, error) {
	var all []metrics.ContainerStatus
	err := s.eachSupervisor(ctx, name, func(address string) (err error) {
		all, err = metrics.Ask(ctx, address)
		return err
	})
	return all, err
}

// tellStopped tells the project's supervisor, if one runs, that the services are
// to be down: of a container that waits for its restart the engine tells nothing
// when it is stopped. It is told under the project's lock, which the supervisor
// needs to start anything.
func (s *session) tellStopped(ctx context.Context, name string, services []string) {
	err := s.eachSupervisor(ctx, name, func(address string) error { return metrics.TellStopped(ctx, address, services) })
	if err != nil && !errors.Is(err, metrics.ErrNobody) {
		s.printer.Warn("the supervisor was not told of the stop: " + err.Error())
	}
}

// eachSupervisor calls on the sockets of the project's supervisor until one
// answers. One that cannot be asked is an error, if some supervisor runs: anybody
// can leave a socket behind.
func (s *session) eachSupervisor(ctx context.Context, name string, call func(address string) error) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	opt := s.lockOptions(e, name, "supervise")
	var failed error
	for _, socket := range lock.Sockets(opt) {
		err := call("unix:" + socket)
		if err == nil {
			return nil
		}
		if !errors.Is(err, metrics.ErrNobody) && failed == nil {
			failed = err
		}
	}
	opt.Kind = lock.Supervisor
	switch {
	case !lock.Held(opt):
		return metrics.ErrNobody
	case failed != nil:
		return failed
	}
	return errors.New("it is another user's, who may not use the engine as a member of its group")
}

// supervision is what `ps` says of the containers' supervision, by container
// name: what the supervisor counts and plans or, where one is needed and none
// runs, just that. It is empty if nobody supervises and nobody needs to.
func (s *session) supervision(ctx context.Context, t target, cs []engine.Container) map[string]string {
	all, err := s.askSupervisor(ctx, t.name)
	said := map[string]string{}
	for _, c := range all {
		said[c.Container] = ui.Supervision(c)
	}
	if !errors.Is(err, metrics.ErrNobody) {
		return said
	}
	for _, c := range cs {
		owned := c.Labels[project.LabelOwner] == restartpolicy.Supervisor.String() && c.Labels[project.LabelPolicy] != string(restartpolicy.No)
		asked := false
		if t.project != nil {
			sv := t.project.Service(c.Service)
			asked = sv != nil && sv.OnlySupervised() != ""
		}
		if owned || asked {
			said[c.Name] = "none: run `muster supervise`"
		}
	}
	return said
}
