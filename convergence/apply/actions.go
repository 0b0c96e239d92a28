package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// inUse is Docker Compose's word for what cannot be removed yet.
const inUse = "Resource is still in use"

// target is the reference with the ID that the plan's own container of that
// name got, so that one which took the name meanwhile is not touched.
func (r *run) target(c engine.Ref) engine.Ref {
	if c.ID != "" {
		return c
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return engine.Ref{ID: r.ids[c.Name], Name: c.Name}
}

// gone forgives that what was to be taken away is not there any more.
func gone(err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	return err
}

// unlessUsed turns the refusal to remove what is in use into a warning, unless
// the plan goes on to make it anew.
func (r *run) unlessUsed(id plan.StepID, err error) error {
	if err = gone(err); !errors.Is(err, engine.ErrConflict) {
		return err
	}
	s := r.steps[id]
	for _, other := range r.plan.Steps {
		for _, n := range other.Needs {
			if n == id && other.Finish {
				return err
			}
		}
	}
	p := r.reporter.event(s, engine.Warning, inUse)
	r.reporter.tell(p)
	return errKept
}

// errKept says that an object stays because it is in use, which was reported.
var errKept = errors.New("kept")

func (r *run) createNetwork(ctx context.Context, a plan.CreateNetwork) error {
	_, err := r.engine.CreateNetwork(ctx, a.Network, a.Labels)
	return err
}

func (r *run) removeNetwork(ctx context.Context, a plan.RemoveNetwork, id plan.StepID) error {
	return r.unlessUsed(id, r.engine.RemoveNetwork(ctx, a.ID))
}

func (r *run) connectNetwork(ctx context.Context, a plan.ConnectNetwork) error {
	return r.engine.ConnectNetwork(ctx, r.target(a.Target), a.Endpoint)
}

func (r *run) disconnectNetwork(ctx context.Context, a plan.DisconnectNetwork) error {
	return gone(r.engine.DisconnectNetwork(ctx, r.target(a.Target), a.Network))
}

func (r *run) createVolume(ctx context.Context, a plan.CreateVolume) error {
	return r.engine.CreateVolume(ctx, a.Volume, a.Labels)
}

func (r *run) removeVolume(ctx context.Context, a plan.RemoveVolume, id plan.StepID) error {
	return r.unlessUsed(id, r.engine.RemoveVolume(ctx, a.Name))
}

func (r *run) createContainer(ctx context.Context, a plan.CreateContainer, id plan.StepID) error {
	spec, err := r.complete(ctx, a.Spec)
	if err != nil {
		return err
	}
	var made engine.CreateResult
	err = r.recordCall(ctx, engine.PendingCall{Verb: "create", Container: engine.Ref{Name: spec.Name}}, func() error {
		made, err = r.engine.CreateContainer(ctx, r.provide(id, spec))
		return err
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.ids[spec.Name] = made.ID
	if a.Replaces.Name != "" { // planned steps mean the successor by either name
		r.ids[a.Replaces.Name] = made.ID
	}
	r.mu.Unlock()
	for _, w := range made.Warnings {
		r.reporter.tell(engine.Progress{Step: string(id), ID: spec.Service.Name, Service: spec.Service.Name, Phase: engine.Warning, Text: w})
	}
	return nil
}

// complete fills in what the plan could not know: digests of images that came
// meanwhile and IDs of containers made meanwhile.
func (r *run) complete(ctx context.Context, spec engine.CreateSpec) (engine.CreateSpec, error) {
	images, refs := spec.Open()
	local, err := r.lookUp(ctx, images)
	if err != nil {
		return spec, fmt.Errorf("create %s: %w", spec.Name, err)
	}
	ids := map[string]string{}
	for service, c := range refs {
		c = r.target(c)
		if c.ID == "" {
			seen, err := r.engine.InspectContainer(ctx, c)
			if err != nil {
				return spec, fmt.Errorf("create %s, which joins %s: %w", spec.Name, c.Name, err)
			}
			c = seen.Ref
		}
		ids[service] = c.ID
	}
	spec, err = spec.Complete(local, ids)
	if err == nil && r.opt.Run != "" {
		spec.Labels[project.LabelOp] = r.opt.Run
	}
	return spec, err
}

func (r *run) copyFiles(ctx context.Context, a plan.CopyFiles) error {
	files := make([]engine.FileContent, 0, len(a.Files))
	for _, f := range a.Files {
		content, err := contentOf(f.File)
		if err != nil {
			return fmt.Errorf("copy %s into %s: %w", f.Path, a.Target.Name, err)
		}
		files = append(files, engine.FileContent{Path: f.Path, Content: content, Mode: f.Mode, UID: f.UID, GID: f.GID})
	}
	return r.engine.CopyTo(ctx, r.target(a.Target), files)
}

func contentOf(f *project.File) ([]byte, error) {
	kind := "config"
	if f.Secret {
		kind = "secret"
	}
	switch {
	case f.Missing:
		return nil, fmt.Errorf("%s %s: environment variable %s is not set", kind, f.Key, f.Variable)
	case f.External:
		return nil, fmt.Errorf("%s %s is external, which this engine does not know", kind, f.Key)
	case f.Path != "":
		return nil, fmt.Errorf("%s %s is a file of the host, which is mounted and not copied", kind, f.Key)
	}
	return f.Content, nil
}

func (r *run) startContainer(ctx context.Context, a plan.StartContainer) error {
	c := r.target(a.Target)
	err := r.recordCall(ctx, engine.PendingCall{Verb: "start", Container: c}, func() error { return r.engine.StartContainer(ctx, c) })
	return r.noteStart(c, err)
}

// noteStart notes when a container was started, if it was.
func (r *run) noteStart(c engine.Ref, err error) error {
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started[c.Key()] = time.Now()
	return nil
}

func (r *run) runHook(ctx context.Context, a plan.RunHook) error {
	var out io.Writer
	if r.opt.HookOutput != nil {
		shown := r.opt.HookOutput(a)
		defer shown.Close() // output that cannot be shown changes nothing
		out = shown
	}
	a.Target = r.target(a.Target)
	return RunHook(ctx, r.engine, a, out)
}

// Executor runs commands in containers.
type Executor interface {
	Exec(ctx context.Context, c engine.Ref, spec engine.ExecSpec) (engine.ExecResult, error)
}

// RunHook runs the hook. Of a container that stopped by itself there is nothing for
// pre_stop to do. Without out its output is dropped, save what an error says.
func RunHook(ctx context.Context, e Executor, a plan.RunHook, out io.Writer) error {
	spec := engine.ExecSpec{
		Command: a.Hook.Command, User: a.Hook.User, WorkingDir: a.Hook.WorkingDir,
		Environment: a.Hook.Environment, Privileged: a.Hook.Privileged, Output: out,
	}
	result, err := e.Exec(ctx, a.Target, spec)
	if a.Kind == "pre_stop" && (errors.Is(err, engine.ErrNotFound) || errors.Is(err, engine.ErrConflict)) {
		return nil // it stopped by itself
	}
	if err != nil {
		return fmt.Errorf("run %s[%d] in %s: %w", a.Kind, a.Index, a.Target.Name, err)
	}
	if result.ExitCode != 0 {
		why := fmt.Sprintf("%s hook exited with status %d", a.Service, result.ExitCode)
		if last := lastLine(result.Output); last != "" {
			why += ": " + last
		}
		return fmt.Errorf("run %s[%d] in %s: %s", a.Kind, a.Index, a.Target.Name, why)
	}
	return nil
}

// lastLine is the last line that says anything, safe to print.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return plan.Plain(strings.TrimSpace(lines[len(lines)-1]))
}

func (r *run) stopContainer(ctx context.Context, a plan.StopContainer) error {
	c := r.target(a.Target)
	return r.recordCall(ctx, engine.PendingCall{Verb: "stop", Container: c, Grace: a.Grace}, func() error {
		return gone(r.engine.StopContainer(ctx, c, a.Grace))
	})
}

func (r *run) killContainer(ctx context.Context, a plan.KillContainer) error {
	c := r.target(a.Target)
	kill := func() error { return gone(r.engine.KillContainer(ctx, c, a.Signal)) }
	var err error
	if engine.EndsAtOnce(a.Signal) {
		err = r.recordCall(ctx, engine.PendingCall{Verb: "kill", Container: c}, kill)
	} else { // what another does the process decides
		err = kill()
	}
	if errors.Is(err, engine.ErrConflict) {
		return nil // it does not run any more
	}
	return err
}

func (r *run) restartContainer(ctx context.Context, a plan.RestartContainer) error {
	c := r.target(a.Target)
	err := r.recordCall(ctx, engine.PendingCall{Verb: "restart", Container: c, Grace: a.Grace}, func() error {
		return r.engine.RestartContainer(ctx, c, a.Grace)
	})
	return r.noteStart(c, err)
}

func (r *run) pauseContainer(ctx context.Context, a plan.PauseContainer) error {
	c := r.target(a.Target)
	return r.recordCall(ctx, engine.PendingCall{Verb: "pause", Container: c}, func() error { return r.engine.PauseContainer(ctx, c) })
}

func (r *run) unpauseContainer(ctx context.Context, a plan.UnpauseContainer) error {
	c := r.target(a.Target)
	return r.recordCall(ctx, engine.PendingCall{Verb: "unpause", Container: c}, func() error { return r.engine.UnpauseContainer(ctx, c) })
}

func (r *run) renameContainer(ctx context.Context, a plan.RenameContainer) error {
	return r.engine.RenameContainer(ctx, r.target(a.Target), a.Name)
}

func (r *run) removeContainer(ctx context.Context, a plan.RemoveContainer) error {
	return gone(r.engine.RemoveContainer(ctx, r.target(a.Target), a.Volumes))
}

func (r *run) removeImage(ctx context.Context, a plan.RemoveImage, id plan.StepID) error {
	return r.unlessUsed(id, r.engine.RemoveImage(ctx, a.Ref))
}
