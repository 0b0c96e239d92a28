package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
)

// Providers runs the programs that provide services which are no containers, by
// the protocol of Docker Compose: the program is asked with arguments and answers
// with JSON messages.
type Providers struct {
	Env []string // of Muster itself: where programs are looked for
}

// Run has the service's provider carry out the verb, and returns the variables
// that it sets for the services that depend on it. tell is told how it gets on.
func (r Providers) Run(ctx context.Context, a plan.RunProvider, tell func(string)) (map[string]string, error) {
	spec := a.Service.Spec.Provider
	program, err := r.find(spec.Type)
	if err != nil {
		return nil, missingProgram{err}
	}
	var env []string
	for _, k := range slices.Sorted(maps.Keys(a.Project.Environment)) {
		env = append(env, k+"="+a.Project.Environment[k])
	}
	command := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, program, append([]string{"compose"}, args...)...)
		c.Dir, c.Env, c.WaitDelay = a.Project.Dir, env, killDelay
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
		return c
	}
	about := describe(command("metadata"))
	if a.Verb == "stop" && about.Stop == nil {
		return nil, nil // it knows no stop
	}
	options, err := about.options(a.Verb, spec.Options)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", spec.Type, err)
	}
	args := append([]string{"--project-name=" + a.Project.Name, a.Verb}, options...)
	c := command(append(args, a.Service.Name)...)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", spec.Type, err)
	}
	set, err := listen(out, a.Service.Name, tell)
	if err != nil {
		_, _ = io.Copy(io.Discard, out) // so that it can end
	}
	ended := c.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("provider %s: %w", spec.Type, err)
	case ended != nil:
		return nil, fmt.Errorf("provider %s: %s: %w", spec.Type, strings.TrimSpace(said.String()), ended)
	}
	return set, nil
}

// listen reads messages to the end of the output. A message of the type error
// is the error.
func listen(out io.Reader, service string, tell func(string)) (map[string]string, error) {
	set := map[string]string{}
	for d := json.NewDecoder(out); ; {
		var m struct{ Type, Message string }
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return set, nil
		} else if err != nil {
			return nil, fmt.Errorf("its output is not JSON as Compose providers write it: %w", err)
		}
		switch m.Type {
		case "info":
			tell(m.Message)
		case "error":
			return nil, errors.New(m.Message)
		case "setenv", "rawsetenv":
			k, v, found := strings.Cut(m.Message, "=")
			if !found || k == "" {
				// The message is not shown: it may be a secret.
				return nil, fmt.Errorf("its message of type %s is not NAME=VALUE", m.Type)
			}
			if m.Type == "setenv" {
				k = strings.ToUpper(service) + "_" + k
			}
			set[k] = v
		case "debug":
		default:
			return nil, fmt.Errorf("unknown message type %q", m.Type)
		}
	}
}

// missingProgram is plan.ErrNoProgram in the words of what was looked for.
type missingProgram struct{ error }

func (missingProgram) Is(target error) bool { return target == plan.ErrNoProgram }

// find looks for a plugin of the Docker CLI of that name, then for a program.
func (r Providers) find(name string) (string, error) {
	if strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("provider %q: give the name of a provider, not its path, and add its directory to PATH", name)
	}
	if path := find(r.Env, name); path != "" {
		return path, nil
	}
	for _, dir := range filepath.SplitList(variable(r.Env, "PATH")) {
		if path := filepath.Join(dir, name); filepath.IsAbs(path) && executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("provider %s: no program %s in PATH and no docker-%s among the Docker CLI's plugins; install it, or change provider.type", name, name, name)
}

// metadata is what a provider says about itself; it need not say anything.
type metadata struct {
	Up, Down verb
	Stop     *verb // nil if it knows no stop
}

type verb struct {
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

func describe(c *exec.Cmd) metadata {
	var m metadata
	out, err := c.Output()
	if err != nil || json.Unmarshal(out, &m) != nil {
		return metadata{} // one without metadata takes every option
	}
	return m
}

// options are the arguments for the verb, sorted: those that it declares, if it
// declares any.
func (m metadata) options(verb string, given map[string][]string) ([]string, error) {
	declared := m.Up.Parameters
	switch {
	case verb == "down":
		declared = m.Down.Parameters
	case verb == "stop" && m.Stop != nil:
		declared = m.Stop.Parameters
	}
	var args, missing []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		known := slices.ContainsFunc(declared, func(p parameter) bool { return p.Name == name })
		if len(m.Up.Parameters)+len(m.Down.Parameters) > 0 && !known {
			continue
		}
		for _, v := range given[name] {
			args = append(args, "--"+name+"="+v)
		}
	}
	for _, p := range declared {
		if _, ok := given[p.Name]; p.Required && !ok {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("required options are missing: %s", strings.Join(missing, ", "))
	}
	return args, nil
}
