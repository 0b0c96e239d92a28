package foreground

import (
	"context"
	"fmt"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// exec runs what sync+exec asks for in every container of the service that runs.
func (r *Watch) exec(ctx context.Context, service string, hook project.Hook) error {
	cs, err := replicas(ctx, r.Engine, r.Project, service)
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.State != engine.Running {
			continue
		}
		if err := r.execIn(ctx, c, hook); err != nil {
			return err
		}
	}
	return nil
}

func (r *Watch) execIn(ctx context.Context, c engine.Container, hook project.Hook) error {
	out := r.Hooks(plan.RunHook{Target: c.Ref, Service: c.Service, Kind: "exec", Hook: hook})
	defer out.Close() // output that cannot be shown changes nothing
	result, err := r.Engine.Exec(ctx, c.Ref, engine.ExecSpec{
		Command: hook.Command, User: hook.User, WorkingDir: hook.WorkingDir, Environment: hook.Environment, Privileged: hook.Privileged, Output: out,
	})
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("exec in %s exited with code %d", c.Name, result.ExitCode)
	}
	return err
}
