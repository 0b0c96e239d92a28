package operation

import (
	"context"
	"errors"
	"strconv"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// preflight finds names and ports that the plan needs and others hold, before
// anything changes.
func (a *attempt) preflight(ctx context.Context, p plan.Plan) error {
	if a.op.Want == nil {
		return nil
	}
	all, err := a.Engine.ListContainers(ctx, engine.ContainerFilter{})
	if err != nil {
		return err
	}
	var listening []plan.Listener
	if a.Engine.Identity().Local {
		if ports := startedPorts(a.op.Want, p); len(ports) > 0 {
			listening = a.Listening(ports)
		}
	}
	var errs []error
	for _, c := range plan.Preflight(p, a.op.Want, all, listening) {
		errs = append(errs, c)
	}
	return errors.Join(errs...)
}

// startedPorts are the fixed host ports of the services that the plan starts.
func startedPorts(want *project.Project, pl plan.Plan) []int {
	var ports []int
	for _, st := range pl.Steps {
		about := st.Action.About()
		if !about.Starts {
			continue
		}
		sv := want.Service(about.Service)
		if sv == nil {
			continue
		}
		for _, p := range sv.Spec.Ports {
			if n, err := strconv.Atoi(p.Published); err == nil {
				ports = append(ports, n)
			}
		}
	}
	return ports
}
