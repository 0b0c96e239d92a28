package memengine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
)

// execTail is how much of a command's output its result keeps.
const execTail = 4096

// Exec implements engine.Inside. The container's own health check is
// answered as its probes are.
func (e *Engine) Exec(ctx context.Context, ref engine.Ref, spec engine.ExecSpec) (engine.ExecResult, error) {
	var result engine.ExecResult
	call := Call{Method: "Exec", Target: e.nameOf(ref), Detail: strings.Join(spec.Command, " ")}
	err := e.call(ctx, call, func() error {
		var output []byte
		code, err := e.run(ctx, ref, spec, func(text string) { output = append(output, text...) })
		if err != nil {
			return err
		}
		if spec.Output != nil {
			if _, err := spec.Output.Write(output); err != nil {
				return fmt.Errorf("write output of %s: %w", strings.Join(spec.Command, " "), err)
			}
		}
		result.ExitCode = code
		result.Output = string(output[max(0, len(output)-execTail):])
		return nil
	})
	return result, err
}

// run runs the command to its end; write is called under the lock.
func (e *core) run(ctx context.Context, ref engine.Ref, spec engine.ExecSpec, write func(string)) (int, error) {
	exit := make(chan int, 1)
	e.mu.Lock()
	p, err := e.begin(ref, spec, nil, func(_ bool, text string) { write(text) }, func(code int) { exit <- code })
	e.mu.Unlock()
	if err != nil {
		return 0, err
	}
	select {
	case code := <-exit:
		return code, nil
	case <-e.end:
		return 0, errClosed
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		p.kill()
		return 0, context.Cause(ctx)
	}
}

// begin runs a command beside the container's process. The caller holds mu;
// write and exit are called under it.
func (e *core) begin(ref engine.Ref, spec engine.ExecSpec, stdin *input, write func(bool, string), exit func(int)) (*process, error) {
	c, err := e.find(ref.Key())
	switch {
	case err != nil:
		return nil, err
	case c.state == engine.Paused:
		return nil, fmt.Errorf("container %s is paused, unpause the container before exec: %w", c.id, engine.ErrConflict)
	case c.state != engine.Running:
		return nil, fmt.Errorf("container %s is not running: %w", c.id, engine.ErrConflict)
	case len(spec.Command) == 0:
		return nil, fmt.Errorf("no exec command specified")
	}
	p := newProcess(c, write, exit)
	p.runAs(cmp.Or(spec.User, c.user), cmp.Or(spec.WorkingDir, c.dir), stdin)
	main := c.process
	main.execs = append(slices.DeleteFunc(main.execs, func(x *process) bool { return x.ended }), p)
	p.After(0, func() {
		switch program := main.program; {
		case c.isCheck(spec.Command):
			p.probe()
		case program != nil && program.Exec != nil:
			e.mu.Unlock() // it may look at the engine
			code, output := program.Exec(spec)
			e.mu.Lock()
			write(false, output)
			p.Exit(code)
		case !c.has(spec.Command[0]) && !slices.Contains(Busybox(), spec.Command[0]):
			write(false, "exec: "+spec.Command[0]+": executable file not found in $PATH\n")
			p.Exit(127)
		default:
			p.command(spec.Command, overlaid(c.env, spec.Environment))
		}
	})
	return p, nil
}

func (c *container) isCheck(command []string) bool {
	return c.check != nil && slices.Equal(command, c.checkCommand())
}

// CopyTo implements engine.Inside.
func (e *Engine) CopyTo(ctx context.Context, ref engine.Ref, files []engine.FileContent) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	return e.on(ctx, "CopyTo", ref, strings.Join(paths, " "), func(c *container) error {
		for _, f := range files {
			stored := &file{content: slices.Clone(f.Content), mode: f.Mode, uid: f.UID, gid: f.GID}
			if err := c.store(f.Path, stored); err != nil {
				return fmt.Errorf("copy into %s: %w", c.name, err)
			}
		}
		return nil
	})
}

// ReadFile is the content of a file inside a container, running or not.
func (e *Engine) ReadFile(name, path string) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, err := e.find(name)
	if err != nil {
		return nil, err
	}
	f := c.lookup(path)
	if f == nil {
		return nil, fmt.Errorf("%s in %s: %w", path, name, engine.ErrNotFound)
	}
	return slices.Clone(f.content), nil
}

// overlaid is an environment with variables set over it; a name alone takes the
// variable away.
func overlaid(env, over []string) []string {
	env = slices.Clone(env)
	for _, kv := range over {
		name, _, set := strings.Cut(kv, "=")
		env = slices.DeleteFunc(env, func(old string) bool { return strings.HasPrefix(old, name+"=") })
		if set {
			env = append(env, kv)
		}
	}
	return env
}
