package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/loader"
)

type runOptions struct {
	loader.OneOff
	build, quietBuild bool
	detach            bool
	entrypoint        string
	entrypointSet     bool
	name              string
	noDeps            bool
	noTTY, noTTYSet   bool
	tty, ttySet       bool
	interactive       bool
	policy            string
	pull              string
	quiet, quietPull  bool
	orphans           bool
	useAliases        bool
}

func runCmd(s *setup) *cobra.Command {
	var opt runOptions
	c := &cobra.Command{
		Use: "run [OPTIONS] SERVICE [COMMAND] [ARGS...]", Short: "Run a one-off command on a service",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f := c.Flags()
			if err := checkPullPolicy("--pull", opt.pull); err != nil {
				return err
			}
			opt.entrypointSet, opt.noTTYSet, opt.ttySet = f.Changed("entrypoint"), f.Changed("no-tty"), f.Changed("tty")
			return runOneOff(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	f.SetInterspersed(false)
	f.BoolVar(&opt.build, "build", false, "Build image before starting container")
	f.StringArrayVar(&opt.CapAdd, "cap-add", nil, "Add Linux capabilities")
	f.StringArrayVar(&opt.CapDrop, "cap-drop", nil, "Drop Linux capabilities")
	f.BoolVarP(&opt.detach, "detach", "d", false, "Run container in background and print container ID")
	f.StringVar(&opt.entrypoint, "entrypoint", "", "Override the entrypoint of the image")
	f.StringArrayVarP(&opt.Env, "env", "e", nil, "Set environment variables")
	f.StringArrayVar(&opt.EnvFiles, "env-from-file", nil, "Set environment variables from file")
	f.BoolVarP(&opt.interactive, "interactive", "i", true, "Keep STDIN open even if not attached")
	f.StringArrayVarP(&opt.Labels, "label", "l", nil, "Add or override a label")
	alias(c, s.console, "labels", "label")
	f.StringVar(&opt.name, "name", "", "Assign a name to the container")
	f.BoolVar(&opt.noDeps, "no-deps", false, "Don't start linked services")
	f.BoolVarP(&opt.noTTY, "no-tty", "T", false, "Disable pseudo-TTY allocation (default: when input or output is not a terminal)")
	alias(c, s.console, "no-TTY", "no-tty")
	f.BoolVarP(&opt.tty, "tty", "t", true, "Allocate a pseudo-TTY")
	f.StringArrayVarP(&opt.Publish, "publish", "p", nil, "Publish a container's port(s) to the host")
	policyFlag(f, &opt.policy)
	f.StringVar(&opt.pull, "pull", "policy", `Pull image before running ("always"|"missing"|"never"|"build")`)
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Don't print anything to STDOUT but the command's output")
	f.BoolVar(&opt.quietBuild, "quiet-build", false, "Suppress progress output from the build process")
	f.BoolVar(&opt.quietPull, "quiet-pull", false, "Pull without printing progress information")
	f.BoolVar(&opt.orphans, "remove-orphans", false, "Remove containers of services that the file does not declare")
	f.BoolVar(&opt.Remove, "rm", false, "Automatically remove the container when it exits")
	f.BoolVarP(&opt.ServicePorts, "service-ports", "P", false, "Run command with all service's ports enabled and mapped to the host")
	f.BoolVar(&opt.useAliases, "use-aliases", false, "Use the service's network aliases in the networks that the container connects to")
	f.StringVarP(&opt.User, "user", "u", "", "Run as specified username or uid")
	f.StringArrayVarP(&opt.Volumes, "volume", "v", nil, "Bind mount a volume")
	alias(c, s.console, "volumes", "volume")
	f.StringVarP(&opt.WorkDir, "workdir", "w", "", "Working directory inside the container")
	hide(c, "tty")
	return c
}

// runOneOff brings dependencies up, then creates, attaches to and starts the
// container, in this order, so that no output is lost.
func runOneOff(ctx context.Context, s *setup, opt runOptions, args []string) error {
	if err := opt.settle(s.Terminal, args); err != nil {
		return err
	}
	s.makes = true
	in := s.loaderInput()
	in.Services = args[:1]
	in.AllResources = in.AllResources || len(opt.Volumes) > 0 // one may be mounted that no service uses
	p, err := s.open(ctx, in)
	if err != nil {
		return err
	}
	if err := s.check(p, args[:1], opt.need()); err != nil {
		return err
	}
	for i, file := range opt.EnvFiles {
		opt.EnvFiles[i] = s.hostPath(file)
	}
	if p, err = withModels(ctx, s.app.Env, p, args[:1]); err != nil {
		return err
	}
	if p, err = loader.RunProject(ctx, p, args[0], opt.OneOff); err != nil {
		return err
	}
	if err := checkPolicy(opt.policy, p, args[:1]); err != nil {
		return err
	}
	slug, err := newSlug()
	if err != nil {
		return err
	}
	name := opt.name
	if name == "" {
		name = p.OneOffName(p.Service(args[0]), slug)
	}
	if opt.quiet {
		s.quiet()
	}
	op := operation.Operation{Name: "run", Project: p.Name, Want: p, Services: args[:1], Conflicts: true, Recalls: !opt.noDeps}
	op.Plan = func(have engine.Observed, _ operation.Known) (plan.Plan, error) {
		return up.PlanRun(p, have, args[0], planRunOptions(s.env, opt, name, slug))
	}
	if err := operate(ctx, s, op); err != nil || s.global.dryRun {
		discardOneOff(ctx, s.engines, name, slug, err)
		return err
	}
	return attend(ctx, s, engine.Ref{Name: name}, opt)
}
