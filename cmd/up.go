package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/internal/operation"
)

// createOptions are what up and create have in common.
type createOptions struct {
	policy         string
	build, noBuild bool
	pull           string
	pullSet        bool
	quietPull      bool
	quietBuild     bool
	orphans        bool
	scale          []string
	force, never   bool
	alwaysDeps     bool
	renewAnonymous bool
	noDeps         bool
	noStart        bool
	timeout        int
	timeoutSet     bool
	wait           bool
	waitTimeout    int
	settle         time.Duration
	yes            bool
	engineHealth   bool
}

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

func upCmd(s *session) *cobra.Command {
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
	f.BoolVar(&opt.noStart, "no-start", false, "Don't start the services after creating them")
	f.BoolVarP(&opt.watch, "watch", "w", false, "Watch source code and rebuild or refresh containers when files are updated")
	f.BoolVar(&opt.menu, "menu", false, "Enable interactive shortcuts when running attached")
	return c
}

// createFlags are the flags of create, which up has too.
func createFlags(s *session, c *cobra.Command, opt *createOptions) {
	f := c.Flags()
	policyFlag(f, &opt.policy)
	f.BoolVar(&opt.build, "build", false, "Build images before starting containers")
	f.BoolVar(&opt.noBuild, "no-build", false, "Don't build an image, even if it's policy")
	f.StringVar(&opt.pull, "pull", "policy", `Pull image before running ("always"|"missing"|"never"|"build")`)
	f.BoolVar(&opt.quietPull, "quiet-pull", false, "Pull without printing progress information")
	f.BoolVar(&opt.quietBuild, "quiet-build", false, "Suppress the build output")
	f.BoolVar(&opt.orphans, "remove-orphans", false, "Remove containers of services that the file does not declare")
	f.StringArrayVar(&opt.scale, "scale", nil, "Scale SERVICE to NUM instances: SERVICE=NUM")
	f.BoolVar(&opt.force, "force-recreate", false, "Recreate containers even if nothing changed")
	f.BoolVar(&opt.never, "no-recreate", false, "If containers exist, don't recreate them")
	f.BoolVarP(&opt.yes, "yes", "y", false, "Assume yes as the answer to all questions")
	alias(c, s.console, "y", "yes")
}

// convergeFlags are the flags of up that change what its plan is.
func convergeFlags(c *cobra.Command, opt *createOptions) {
	f := c.Flags()
	f.BoolVar(&opt.alwaysDeps, "always-recreate-deps", false, "Recreate dependent containers. Incompatible with --no-recreate")
	f.BoolVarP(&opt.renewAnonymous, "renew-anon-volumes", "V", false, "Recreate anonymous volumes instead of keeping their data")
	f.BoolVar(&opt.noDeps, "no-deps", false, "Don't start linked services")
	f.IntVarP(&opt.timeout, "timeout", "t", 0, "Shutdown timeout in seconds, of containers that are replaced or removed")
	f.BoolVar(&opt.wait, "wait", false, "Wait for services to be running or healthy. Implies detached mode")
	f.IntVar(&opt.waitTimeout, "wait-timeout", 0, "Maximum duration in seconds to wait for the project to be ready")
	f.DurationVar(&opt.settle, "settle", settleTime, "How long a service without a health check must stay up to be ready")
	f.BoolVar(&opt.engineHealth, "engine-health", false, "Leave health checks to the engine instead of probing at once")
}

// settleFlags reads what flags and environment say together.
func (o *createOptions) settleFlags(s *session, c *cobra.Command) {
	o.timeoutSet, o.pullSet = c.Flags().Changed("timeout"), c.Flags().Changed("pull")
	if c.Name() != "create" {
		o.orphans = removeOrphans(c, s.env, o.orphans)
	}
	if !c.Flags().Changed("engine-health") {
		o.engineHealth = s.env.isTrue("MUSTER_ENGINE_HEALTH")
	}
}

// incompatible are pairs of flags that cannot be given together.
type incompatible struct {
	a, b    bool
	flags   string
	explain string
}

func refuse(pairs []incompatible) error {
	for _, p := range pairs {
		if p.a && p.b {
			return fmt.Errorf("%s are incompatible%s", p.flags, p.explain)
		}
	}
	return nil
}

// checkPullPolicy refuses what a flag takes for a pull policy and is none.
func checkPullPolicy(flag, value string) error {
	policies := []string{"policy", "always", "never", "build", "missing", "if_not_present"}
	if !slices.Contains(policies, value) {
		return fmt.Errorf("%s %q is not a pull policy: use %s", flag, value, strings.Join(policies[1:], ", "))
	}
	return nil
}

func (o createOptions) check() error {
	if o.waitTimeout < 0 {
		return fmt.Errorf("--wait-timeout must not be negative (found: %d)", o.waitTimeout)
	}
	if o.pullSet {
		if err := checkPullPolicy("--pull", o.pull); err != nil {
			return err
		}
	}
	return refuse([]incompatible{
		{o.build, o.noBuild, "--build and --no-build", ""},
		{o.force, o.never, "--force-recreate and --no-recreate", ""},
		{o.never, o.renewAnonymous, "--no-recreate and --renew-anon-volumes", ""},
		{o.never, o.alwaysDeps, "--no-recreate and --always-recreate-deps", ""},
	})
}

func (o upOptions) check(ignoreOrphans bool) error {
	if err := o.createOptions.check(); err != nil {
		return err
	}
	abort := o.abortOnExit || o.abortOnFailure || o.exitCodeFrom != ""
	attach := len(o.attach) > 0 || o.attachDeps
	return refuse([]incompatible{
		{o.detach, abort, "--detach and --abort-on-container-exit, --abort-on-container-failure or --exit-code-from", ""},
		{o.detach, attach || len(o.noAttach) > 0, "--detach and --attach, --no-attach or --attach-dependencies", ""},
		{o.detach, o.watch, "--detach and --watch", ""},
		{o.wait, abort, "--wait and --abort-on-container-exit, --abort-on-container-failure or --exit-code-from", ""},
		{o.wait, attach, "--wait and --attach or --attach-dependencies", ""},
		{o.wait, o.watch, "--wait and --watch", ""},
		{o.abortOnExit, o.abortOnFailure, "--abort-on-container-exit and --abort-on-container-failure", ""},
		{o.noBuild, o.watch, "--no-build and --watch", ""},
		{len(o.attach) > 0, o.attachDeps, "--attach and --attach-dependencies", ""},
		{o.orphans, ignoreOrphans, "COMPOSE_IGNORE_ORPHANS and --remove-orphans", ""},
	})
}

// up creates and starts, and unless detached follows what the containers say.
func runUp(ctx context.Context, s *session, opt upOptions, args []string) error {
	if err := opt.check(s.env.isTrue("COMPOSE_IGNORE_ORPHANS")); err != nil {
		return err
	}
	stop := goAhead(ctx, s, "up")
	defer stop()
	op, err := upOperation(ctx, s, "up", opt.createOptions, args)
	if err != nil {
		return err
	}
	if opt.detach || opt.wait || opt.noStart || s.global.dryRun {
		err := operate(ctx, s, op)
		if err == nil && !opt.noStart && !s.global.dryRun {
			remindOfSupervisor(ctx, s, op.Want, nil)
		}
		return err
	}
	return runAttached(ctx, s, op, opt, args)
}

// upOperation loads the project and says how up, create and scale converge it.
func upOperation(ctx context.Context, s *session, name string, opt createOptions, args []string) (operation.Operation, error) {
	s.makes = true
	p, err := s.load(ctx, args, need{alone: opt.noDeps})
	if err != nil {
		return operation.Operation{}, err
	}
	if len(p.Services) == 0 && !s.global.allResources {
		return operation.Operation{}, errors.New("no service selected")
	}
	names, err := p.Match(args...)
	if err != nil {
		return operation.Operation{}, err
	}
	if err := checkPolicy(opt.policy, p, names); err != nil {
		return operation.Operation{}, err
	}
	if p, err = withModels(ctx, s, p, names); err != nil {
		return operation.Operation{}, err
	}
	scale, err := parseScale(opt.scale)
	if err != nil {
		return operation.Operation{}, err
	}
	o := up.UpOptions{
		Services: names, NoDeps: opt.noDeps, Recreate: up.RecreateDiverged, RecreateDeps: up.RecreateDiverged,
		NoStart: opt.noStart, RemoveOrphans: opt.orphans, IgnoreOrphans: s.env.isTrue("COMPOSE_IGNORE_ORPHANS"),
		RenewAnonVolumes: opt.renewAnonymous, Scale: scale, Timeout: seconds(opt.timeoutSet, opt.timeout),
		Wait: opt.wait, WaitTimeout: time.Duration(opt.waitTimeout) * time.Second, Settle: opt.settle,
		QuietPull: opt.quietPull, QuietBuild: opt.quietBuild, Build: opt.build, NoBuild: opt.noBuild, RecreateVolumes: opt.yes, Now: time.Now(),
	}
	if opt.pull != "policy" {
		o.Pull = opt.pull
	}
	switch {
	case opt.force, opt.renewAnonymous:
		o.Recreate = up.RecreateForce
	case opt.never:
		o.Recreate, o.RecreateDeps = up.RecreateNever, up.RecreateNever
	}
	if opt.alwaysDeps {
		o.RecreateDeps = up.RecreateForce
	}
	op := operation.Operation{
		Name: name, Project: p.Name, Want: p, Services: names, Conflicts: true, Recalls: !opt.noStart, EngineHealth: opt.engineHealth,
		Replans: true, Plan: operation.PlanUp(p, o),
	}
	askForVolumes(s, &op)
	return op, nil
}

// parseScale reads SERVICE=NUM; later ones win.
func parseScale(specs []string) (map[string]int, error) {
	scale := map[string]int{}
	for _, spec := range specs {
		name, number, ok := strings.Cut(spec, "=")
		n, err := strconv.Atoi(number)
		if !ok || name == "" || err != nil {
			return nil, fmt.Errorf("invalid scale specifier: %s (use SERVICE=NUM)", spec)
		}
		scale[name] = n
	}
	return scale, nil
}
