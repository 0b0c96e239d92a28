package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
)

type execOptions struct {
	detach     bool
	env        []string
	index      int
	noTTY      bool
	privileged bool
	user       string
	workdir    string
}

func execCmd(s *setup) *cobra.Command {
	var opt execOptions
	var tty, interactive bool
	c := &cobra.Command{
		Use: "exec [OPTIONS] SERVICE COMMAND [ARGS...]", Short: "Execute a command in a running container",
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("no-tty") {
				opt.noTTY = !s.Terminal.Out || !s.Terminal.In
			}
			return runExec(c.Context(), s, opt, interactive, args)
		},
	}
	f := c.Flags()
	f.SetInterspersed(false)
	f.BoolVarP(&opt.detach, "detach", "d", false, "Detached mode: run the command in the background")
	f.StringArrayVarP(&opt.env, "env", "e", nil, "Set environment variables")
	f.IntVar(&opt.index, "index", 0, "Index of the container if the service has several")
	f.BoolVarP(&opt.noTTY, "no-tty", "T", false, "Disable pseudo-TTY allocation (default: when input or output is not a terminal)")
	alias(c, s.console, "no-TTY", "no-tty")
	f.BoolVar(&opt.privileged, "privileged", false, "Give extended privileges to the process")
	f.StringVarP(&opt.user, "user", "u", "", "Run the command as this user")
	f.StringVarP(&opt.workdir, "workdir", "w", "", "Path to the working directory of the command")
	f.BoolVarP(&interactive, "interactive", "i", true, "Keep STDIN open even if not attached")
	f.BoolVarP(&tty, "tty", "t", true, "Allocate a pseudo-TTY")
	hide(c, "interactive", "tty")
	return c
}

func runExec(ctx context.Context, s *setup, opt execOptions, interactive bool, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	c, err := pickRunning(ctx, e, target{name: name}, args[0], opt.index)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		s.inform(fmt.Sprintf("would run %s in %s", strings.Join(args[1:], " "), c.Name))
		return nil
	}
	spec := engine.ExecSpec{
		Command: args[1:], User: opt.user, WorkingDir: opt.workdir, Privileged: opt.privileged, Environment: s.env.variables(opt.env),
	}
	if opt.detach {
		return e.StartExecDetached(ctx, c.Ref, spec)
	}
	streams := engine.SessionOptions{TTY: !opt.noTTY, Stdin: interactive}
	started, err := e.StartExec(ctx, c.Ref, spec, streams)
	if err != nil {
		return err
	}
	return stay(ctx, s.console, started, streams)
}

// stay connects the streams and ends with the exit code of what runs inside, or
// with success when the user detaches from it.
func stay(ctx context.Context, c *console, inside engine.Session, streams engine.SessionOptions) error {
	err := interact(ctx, c, inside, streams)
	if errors.Is(err, engine.ErrDetached) {
		return nil
	}
	if err != nil {
		return err
	}
	return exitWith(inside.ExitCode(ctx))
}

// exitWith is the end of a command by the exit code of what it ran.
func exitWith(code int, err error) error {
	switch {
	case err != nil:
		return err
	case code != 0:
		return &exitError{code: code}
	}
	return nil
}

// hide keeps flags out of the help.
func hide(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		c.Flags().Lookup(name).Hidden = true
	}
}
