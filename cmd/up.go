package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

type upOptions struct {
	createOptions
	detach         bool
	noColor        bool
	noPrefix       bool
	timestamps     bool
	abortOnExit    bool
	abortOnFailure bool
	exitCodeFrom   string
	attach         []string
	noAttach       []string
	attachDeps     bool
	watch          bool
	menu           bool
}

func upCmd(s *setup) *cobra.Command {
	var opt upOptions
	c := &cobra.Command{
		Use: "up [OPTIONS] [SERVICE...]", Short: "Create and start containers",
		RunE: func(c *cobra.Command, args []string) error {
			opt.settleFlags(s, c)
			if !c.Flags().Changed("menu") {
				opt.menu = s.env.menuWanted()
			}
			return runUp(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	createFlags(s, c, &opt.createOptions)
	convergeFlags(c, &opt.createOptions)
	f.BoolVarP(&opt.detach, "detach", "d", false, "Detached mode: run containers in the background")
	f.BoolVar(&opt.noColor, "no-color", false, "Produce monochrome output")
	f.BoolVar(&opt.noPrefix, "no-log-prefix", false, "Don't print prefix in logs")
	f.BoolVar(&opt.timestamps, "timestamps", false, "Show timestamps")
	f.BoolVar(&opt.abortOnExit, "abort-on-container-exit", false, "Stop all containers if any container was stopped. Incompatible with -d")
	f.BoolVar(&opt.abortOnFailure, "abort-on-container-failure", false, "Stop all containers if any container exited with failure. Incompatible with -d")
	f.StringVar(&opt.exitCodeFrom, "exit-code-from", "", "Return the exit code of the service. Implies --abort-on-container-exit")
	f.StringArrayVar(&opt.attach, "attach", nil, "Restrict attaching to the specified services")
	f.StringArrayVar(&opt.noAttach, "no-attach", nil, "Do not attach to the specified services")
	f.BoolVar(&opt.attachDeps, "attach-dependencies", false, "Attach to dependent services too")
	f.BoolVarP(&opt.watch, "watch", "w", false, "Watch source code and rebuild or refresh containers when files are updated")
	f.BoolVar(&opt.menu, "menu", false, "Enable interactive shortcuts when running attached")
	return c
}

func (o upOptions) check(ignoreOrphans bool) error {
	if err := o.createOptions.check(); err != nil {
		return err
	}
	abort := o.abortOnExit || o.abortOnFailure || o.exitCodeFrom != ""
	attach := len(o.attach) > 0 || o.attachDeps
	return refuse([]incompatible{
		{o.detach, abort, "--detach and --abort-on-container-exit, --abort-on-container-failure or --exit-code-from"},
		{o.detach, attach || len(o.noAttach) > 0, "--detach and --attach, --no-attach or --attach-dependencies"},
		{o.detach, o.watch, "--detach and --watch"},
		{o.wait, abort, "--wait and --abort-on-container-exit, --abort-on-container-failure or --exit-code-from"},
		{o.wait, attach, "--wait and --attach or --attach-dependencies"},
		{o.wait, o.watch, "--wait and --watch"},
		{o.abortOnExit, o.abortOnFailure, "--abort-on-container-exit and --abort-on-container-failure"},
		{o.noBuild, o.watch, "--no-build and --watch"},
		{len(o.attach) > 0, o.attachDeps, "--attach and --attach-dependencies"},
		{o.orphans, ignoreOrphans, "COMPOSE_IGNORE_ORPHANS and --remove-orphans"},
	})
}

// up creates and starts, and unless detached follows what the containers say.
func runUp(ctx context.Context, s *setup, opt upOptions, args []string) error {
	if err := opt.check(s.env.isTrue("COMPOSE_IGNORE_ORPHANS")); err != nil {
		return err
	}
	stop := startEarly(ctx, s, "up")
	defer stop()
	op, err := upOperation(ctx, s, "up", opt.createOptions, args)
	if err != nil {
		return err
	}
	if opt.detach || opt.wait || opt.noStart || s.global.dryRun {
		err := operate(ctx, s, op)
		if err == nil && !opt.noStart && !s.global.dryRun {
			remindOfSupervisor(ctx, s, op.Want)
		}
		return err
	}
	return runAttached(ctx, s, op, opt, args)
}
