package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence"
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

// askSupervisor is the status of the project's supervisor, from the socket that
// every one of them serves. The error wraps metrics.ErrNobody if none runs.
func (s *session) askSupervisor(ctx context.Context, name string) ([]metrics.ContainerStatus, error) {
	address, err := s.superviseAddress(name)
	if err != nil {
		return nil, err
	}
	return metrics.Ask(ctx, address)
}

// tellStopped tells the project's supervisor, if one runs, that the services are
// to be down: of a container that waits for its restart the engine tells nothing
// when it is stopped. It is told under the project's lock, which the supervisor
// needs to start anything.
func (s *session) tellStopped(ctx context.Context, name string, services []string) {
	address, err := s.superviseAddress(name)
	if err == nil {
		err = metrics.TellStopped(ctx, address, services)
	}
	if err != nil && !errors.Is(err, metrics.ErrNobody) {
		s.printer.Warn("the supervisor was not told of the stop: " + err.Error())
	}
}

// supervision is what `ps` says of the containers' supervision, by container
// name: what the supervisor counts and plans or, where one is needed and none
// runs, just that. It is empty if nobody supervises and nobody needs to.
func (s *session) supervision(ctx context.Context, t target, cs []convergence.Container) map[string]string {
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
