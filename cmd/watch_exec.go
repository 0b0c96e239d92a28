package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// exec runs what sync+exec asks for in every container of the service that runs.
func (r *refresher) exec(ctx context.Context, service string, hook project.Hook) error {
	cs, err := r.replicas(ctx, service)
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

func (r *refresher) execIn(ctx context.Context, c engine.Container, hook project.Hook) error {
	out := r.opt.capture(plan.RunHook{Target: c.Ref, Service: c.Service, Kind: "exec", Hook: hook})
	defer out.Close() // output that cannot be shown changes nothing
	result, err := r.e.Exec(ctx, c.Ref, engine.ExecSpec{
		Command: hook.Command, User: hook.User, WorkingDir: hook.WorkingDir, Environment: hook.Environment, Privileged: hook.Privileged, Output: out,
	})
	if err == nil && result.ExitCode != 0 {
		err = fmt.Errorf("exec in %s ended with code %d", c.Name, result.ExitCode)
	}
	return err
}

// containerLogs prints what containers say to the command's streams, beside the
// progress.
func (s *session) containerLogs(projectName string) *ui.Logs {
	return ui.NewLogs(aroundWriter{s.printer, s.Out}, aroundWriter{s.printer, s.Err}, ui.LogStyle{
		Project: projectName,
		Color:   s.color(s.Terminal.Out), Terminal: s.Terminal.Out,
	})
}

// aroundWriter writes without disturbing the view of progress.
type aroundWriter struct {
	printer ui.Printer
	w       io.Writer
}

func (w aroundWriter) Write(p []byte) (n int, err error) {
	w.printer.Around(func() { n, err = w.w.Write(p) })
	return n, err
}
