package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// createOptions are what up and create have in common.
type createOptions struct {
	policy         string
	build, noBuild bool
	pull           string
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

// createFlags are the flags of create, which up has too.
func createFlags(s *setup, c *cobra.Command, opt *createOptions) {
	f := c.Flags()
	policyFlag(f, &opt.policy)
	f.BoolVar(&opt.build, "build", false, "Build images before starting containers")
	f.BoolVar(&opt.noBuild, "no-build", false, "Don't build an image, even if pull_policy is build")
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
	f.BoolVar(&opt.noStart, "no-start", false, "Don't start the services after creating them")
	f.BoolVar(&opt.engineHealth, "engine-health", false, "Leave health checks to the engine instead of probing at once")
}

// settleFlags reads what flags and environment say together.
func (o *createOptions) settleFlags(s *setup, c *cobra.Command) {
	o.timeoutSet = c.Flags().Changed("timeout")
	if c.Name() != "create" {
		o.orphans = removeOrphans(c, s.env, o.orphans)
	}
	if !c.Flags().Changed("engine-health") {
		o.engineHealth = s.env.isTrue("MUSTER_ENGINE_HEALTH")
	}
}

// incompatible are pairs of flags that cannot be given together.
type incompatible struct {
	a, b  bool
	flags string
}

func refuse(pairs []incompatible) error {
	for _, p := range pairs {
		if p.a && p.b {
			return fmt.Errorf("%s are incompatible", p.flags)
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
	if err := checkPullPolicy("--pull", o.pull); err != nil {
		return err
	}
	return refuse([]incompatible{
		{o.build, o.noBuild, "--build and --no-build"},
		{o.force, o.never, "--force-recreate and --no-recreate"},
		{o.never, o.renewAnonymous, "--no-recreate and --renew-anon-volumes"},
		{o.never, o.alwaysDeps, "--no-recreate and --always-recreate-deps"},
	})
}
