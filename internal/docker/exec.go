package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/musterdev/muster/engine"
)

// tailSize is how much of a command's output is kept.
const tailSize = 4 << 10

// Exec implements engine.Inside. Cancelling ctx ends the call, not the
// command: engines cannot kill what they execute.
func (e *Engine) Exec(ctx context.Context, c engine.Ref, spec engine.ExecSpec) (engine.ExecResult, error) {
	verb := doing("run a command in", c)
	made, err := call(ctx, e, change(), verb, func(ctx context.Context, d *client.Client) (container.ExecCreateResponse, error) {
		return d.ContainerExecCreate(ctx, c.Key(), container.ExecOptions{
			User: spec.User, Privileged: spec.Privileged, WorkingDir: spec.WorkingDir,
			Env: spec.Environment, Cmd: spec.Command, AttachStdout: true, AttachStderr: true,
		})
	})
	if err != nil {
		return engine.ExecResult{}, err
	}
	keep := &tail{limit: tailSize}
	var output io.Writer = keep
	if spec.Output != nil {
		output = io.MultiWriter(keep, spec.Output)
	}
	if err := e.runExec(ctx, made.ID, output); err != nil {
		return engine.ExecResult{}, e.fail(ctx, verb, err)
	}
	done, err := call(ctx, e, read(), verb, func(ctx context.Context, d *client.Client) (container.ExecInspect, error) {
		return d.ContainerExecInspect(ctx, made.ID)
	})
	if err != nil {
		return engine.ExecResult{}, err
	}
	result := engine.ExecResult{ExitCode: done.ExitCode, Output: keep.String()}
	if done.Running { // the output ended, the command did not
		return result, &callError{verb, "the engine no longer knows it", nil, fmt.Errorf("exec %s is running without output", made.ID)}
	}
	return result, nil
}

// runExec starts the command and copies its output until it ends. It does not
// upgrade the connection: nothing is sent, and a plain answer tells errors
// apart and ends with its context.
func (e *Engine) runExec(ctx context.Context, id string, output io.Writer) error {
	body, err := json.Marshal(container.ExecStartOptions{})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	resp, err := e.send(ctx, http.MethodPost, versioned(e.client, "/exec/"+id+"/start"), nil, header, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	frames := newFrames(resp.Body)
	for {
		_, err := frames.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(output, frames); err != nil {
			return err
		}
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int
	kept  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > t.limit {
		p = p[len(p)-t.limit:]
	}
	if over := len(t.kept) + len(p) - t.limit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

func (t *tail) String() string { return string(t.kept) }
