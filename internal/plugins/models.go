package plugins

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdev/muster/convergence/plan"
)

// ErrNoModels says that the plugin is not installed.
var ErrNoModels = errors.New("the docker-model plugin of the Docker CLI, which serves models, is not installed")

// killDelay is how long a program may take to end after an interrupt.
const killDelay = 10 * time.Second

// firstWithFlags is the first version that takes runtime flags.
var firstWithFlags = [3]int{1, 0, 6}

// Models drives the docker-model plugin, which pulls language models and serves
// them on this machine.
type Models struct {
	Env []string // of Muster itself, which is the plugin's too
	Dir string   // the project's; empty is the process's
}

// command is a call of the plugin, or ErrNoModels.
func (r Models) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path := find(r.Env, "model")
	if path == "" {
		return nil, ErrNoModels
	}
	c := exec.CommandContext(ctx, path, args...)
	c.Dir, c.Env, c.WaitDelay = r.Dir, r.Env, killDelay
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	return c, nil
}

// ask is what the plugin prints.
func (r Models) ask(ctx context.Context, args ...string) ([]byte, error) {
	c, err := r.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	return out, failed(ctx, args, said.String(), err)
}

func failed(ctx context.Context, args []string, said string, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("docker model %s: %s: %w", args[0], strings.TrimSpace(said), err)
	}
	return nil
}

// Endpoint is the address at which containers reach the models.
func (r Models) Endpoint(ctx context.Context) (string, error) {
	out, err := r.ask(ctx, "status", "--json")
	if err != nil {
		return "", err
	}
	var status struct {
		Endpoint string `json:"endpoint"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return "", fmt.Errorf("docker model status: %w", err)
	}
	if status.Endpoint == "" {
		return "", fmt.Errorf("docker model status reports no endpoint: run `docker model status`")
	}
	return status.Endpoint, nil
}

// Prepare pulls the model unless it is there, and configures it. tell is told of
// the pull.
func (r Models) Prepare(ctx context.Context, a plan.PrepareModel, tell func(string)) error {
	out, err := r.ask(ctx, "ls", "--json")
	if err != nil {
		return err
	}
	var local []struct {
		Tags []string `json:"tags"`
	}
	if err := json.Unmarshal(out, &local); err != nil {
		return fmt.Errorf("docker model ls: %w", err)
	}
	if !slices.ContainsFunc(local, func(m struct {
		Tags []string `json:"tags"`
	}) bool {
		return slices.Contains(m.Tags, a.Model) || slices.Contains(m.Tags, a.Model+":latest")
	}) {
		if err := r.pull(ctx, a.Model, tell); err != nil {
			return err
		}
	}
	return r.configure(ctx, a)
}

func (r Models) pull(ctx context.Context, model string, tell func(string)) error {
	args := []string{"pull", model}
	c, err := r.command(ctx, args...)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return fmt.Errorf("docker model pull: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			tell(text)
		}
	}
	err = c.Wait() // what it said is complete only then
	return failed(ctx, args, said.String(), err)
}

func (r Models) configure(ctx context.Context, a plan.PrepareModel) error {
	args := []string{"configure"}
	if a.ContextSize > 0 {
		args = append(args, "--context-size", strconv.Itoa(a.ContextSize))
	}
	args = append(args, a.Model)
	if len(a.RuntimeFlags) > 0 {
		if err := r.takesFlags(ctx); err != nil {
			return err
		}
		args = append(append(args, "--"), a.RuntimeFlags...)
	}
	_, err := r.ask(ctx, args...)
	return err
}

// takesFlags is an error if the plugin is too old for runtime flags.
func (r Models) takesFlags(ctx context.Context) error {
	out, err := r.ask(ctx, "docker-cli-plugin-metadata")
	if err != nil {
		return err
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(out, &metadata); err != nil {
		return fmt.Errorf("docker model: its metadata: %w", err)
	}
	if version, ok := parseVersion(metadata.Version); ok && slices.Compare(version[:], firstWithFlags[:]) < 0 {
		return fmt.Errorf("runtime_flags need docker-model 1.0.6, this is %s: upgrade it, or remove them", metadata.Version)
	}
	return nil
}

// parseVersion reads v1.2.3; what is no such version is taken to be new enough.
func parseVersion(text string) (version [3]int, ok bool) {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "v"), "-")
	parts := strings.Split(text, ".")
	if len(parts) != len(version) {
		return version, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return version, false
		}
		version[i] = n
	}
	return version, true
}
