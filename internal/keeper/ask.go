package keeper

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

// Needed are the services, of those named or else of all, that declare what only
// a supervisor keeps, each with the keys that do: "web (deploy.restart_policy)".
func Needed(p *project.Project, services []string) []string {
	var found []string
	for _, sv := range p.Services {
		if keys := sv.OnlySupervised(); keys != "" && (len(services) == 0 || slices.Contains(services, sv.Name)) {
			found = append(found, sv.Name+" ("+keys+")")
		}
	}
	return found
}

// Ask is the status of the supervisor of the project at the place, whichever
// user's it is, from the socket that every one of them serves. The error wraps
// metrics.ErrNobody if none runs.
func Ask(ctx context.Context, place lock.Options) ([]metrics.ContainerStatus, error) {
	var all []metrics.ContainerStatus
	err := eachSocket(ctx, place, func(address string) (err error) {
		all, err = metrics.Ask(ctx, address)
		return err
	})
	return all, err
}

// TellStopped tells the project's supervisor, if one runs, that the services are
// to be down: of a container that waits for its restart the engine tells nothing
// when it is stopped. It is told under the project's lock, which the supervisor
// needs to start anything.
func TellStopped(ctx context.Context, place lock.Options, services []string) error {
	err := eachSocket(ctx, place, func(address string) error { return metrics.TellStopped(ctx, address, services) })
	if errors.Is(err, metrics.ErrNobody) {
		return nil
	}
	return err
}

// A supervisor holds its lock a little longer than it listens, before and after.
const (
	tries = 40
	pause = 50 * time.Millisecond
)

// eachSocket calls on the sockets of the project's supervisor until one answers. One
// that cannot be asked is an error, if some supervisor runs: anybody can leave a
// socket behind. One that begins or ends is waited for.
func eachSocket(ctx context.Context, place lock.Options, call func(address string) error) error {
	place.Kind = lock.Supervisor
	for range tries {
		var failed error
		sockets, others := lock.Sockets(place)
		for _, socket := range sockets {
			err := call("unix:" + socket)
			if err == nil {
				return nil
			}
			if !errors.Is(err, metrics.ErrNobody) && failed == nil {
				failed = err
			}
		}
		switch {
		case !lock.Held(place):
			return metrics.ErrNobody
		case failed != nil:
			return failed
		case others:
			return errors.New("it belongs to another user who is not in the engine's group")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return errors.New("it does not respond: it is starting or stopping")
}

// Supervision is what `ps` says of the containers' supervision, by container
// name: what the supervisor counts and plans or, where one is needed and none
// runs, just that. It is empty if nobody supervises and nobody needs to. The
// project may be nil.
func Supervision(ctx context.Context, place lock.Options, p *project.Project, cs []engine.Container) map[string]string {
	all, err := Ask(ctx, place)
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
		if p != nil {
			sv := p.Service(c.Service)
			asked = sv != nil && sv.OnlySupervised() != ""
		}
		if owned || asked {
			said[c.Name] = "none: run `muster supervise`"
		}
	}
	return said
}
