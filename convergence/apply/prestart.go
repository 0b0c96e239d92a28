package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func (r *run) runPreStart(ctx context.Context, a plan.RunPreStart, id plan.StepID) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("run pre_start[%d] of %s: %w", a.Index, a.Spec.Service.Name, err)
		}
	}()
	// What the engine is asked for is finished: a call cut off could make or start
	// the container after it was taken away. Only the hook itself is cut short.
	calls, cancel := outlive(ctx, finishTime)
	defer cancel()
	c, err := r.createForHook(calls, a, id)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, gone(r.engine.RemoveContainer(context.WithoutCancel(ctx), c, true)))
	}()
	if len(a.Files) > 0 {
		if err := r.copyFiles(calls, plan.CopyFiles{Target: c, Files: a.Files}); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := r.engine.StartContainer(calls, c); err != nil {
		return err
	}
	last, err := r.followHook(ctx, a, c)
	if err != nil {
		return err
	}
	seen, err := r.engine.InspectContainer(ctx, c)
	if err != nil {
		return err
	}
	if seen.ExitCode == 0 {
		return nil
	}
	if last = plan.Plain(last); last != "" {
		return fmt.Errorf("exited with code %d: %s", seen.ExitCode, last)
	}
	return fmt.Errorf("exited with code %d", seen.ExitCode)
}

// createForHook makes the hook's container. One of that name that an interrupted run
// left behind gives way.
func (r *run) createForHook(ctx context.Context, a plan.RunPreStart, id plan.StepID) (engine.Ref, error) {
	spec, err := r.complete(ctx, a.Spec)
	if err != nil {
		return engine.Ref{}, err
	}
	delete(spec.Labels, project.LabelConfigHash)
	spec.Service = spec.Service.WithVolumesOf(r.target(a.Beside).Key())
	spec = r.provide(id, spec)
	made, err := r.engine.CreateContainer(ctx, spec)
	if errors.Is(err, engine.ErrConflict) {
		old, lookErr := r.engine.InspectContainer(ctx, engine.Ref{Name: spec.Name})
		if lookErr != nil || old.Project != spec.Project.Name || engine.Ours(old.Container, nil, spec.Project).Role != engine.HookContainer {
			return engine.Ref{}, err
		}
		if err := gone(r.engine.RemoveContainer(ctx, old.Ref, true)); err != nil {
			return engine.Ref{}, err
		}
		made, err = r.engine.CreateContainer(ctx, spec)
	}
	return engine.Ref{ID: made.ID, Name: spec.Name}, err
}

// followHook shows what the hook prints until it ends, and returns its last line
// that says anything. A log that cannot be read is only not shown.
func (r *run) followHook(ctx context.Context, a plan.RunPreStart, c engine.Ref) (string, error) {
	last := ""
	var shown func([]byte) error
	if r.opt.HookOutput != nil {
		out := r.opt.HookOutput(plan.RunHook{Target: c, Service: a.Spec.Service.Name, Kind: "pre_start", Index: a.Index, Hook: a.Hook})
		defer out.Close() // output that cannot be shown changes nothing
		shown = func(line []byte) error {
			_, err := out.Write(append(slices.Clone(line), '\n'))
			return err
		}
	}
	logErr := r.engine.Logs(ctx, c, engine.LogOptions{Follow: true, Tail: -1}, func(l engine.LogLine) error {
		if text := strings.TrimSpace(string(l.Text)); text != "" {
			last = text
		}
		if shown != nil {
			return shown(l.Text)
		}
		return nil
	})
	err := r.feed.Until(ctx, func(o engine.Observed) (bool, error) {
		seen, ok := o.Container(c.ID)
		if !ok {
			return false, fmt.Errorf("its container was removed: %w", engine.ErrNotFound)
		}
		return !seen.Up() && seen.State != engine.Created, nil
	})
	if err != nil && logErr != nil {
		err = errors.Join(err, logErr)
	}
	return last, err
}
