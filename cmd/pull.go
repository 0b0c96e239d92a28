package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

type pullOptions struct {
	quiet           bool
	includeDeps     bool
	ignoreFailures  bool
	ignoreBuildable bool
	policy          string
}

func pullCmd(s *setup) *cobra.Command {
	var opt pullOptions
	var parallel, noParallel bool
	c := &cobra.Command{
		Use: "pull [OPTIONS] [SERVICE...]", Short: "Pull service images",
		RunE: func(c *cobra.Command, args []string) error {
			for _, flag := range []string{"parallel", "no-parallel"} {
				if c.Flags().Changed(flag) {
					s.printer.Warn(fmt.Sprintf("--%s is deprecated and has no effect", flag))
				}
			}
			if opt.policy != "" {
				if err := checkPullPolicy("--policy", opt.policy); err != nil {
					return err
				}
			}
			return runPull(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Pull without printing progress information")
	f.BoolVar(&opt.includeDeps, "include-deps", false, "Also pull services declared as dependencies")
	f.BoolVar(&opt.ignoreFailures, "ignore-pull-failures", false, "Pull what can be pulled, ignore failures")
	f.BoolVar(&opt.ignoreBuildable, "ignore-buildable", false, "Ignore images that can be built")
	f.StringVar(&opt.policy, "policy", "", `Apply pull policy ("missing"|"always")`)
	f.BoolVar(&parallel, "parallel", true, "Deprecated")
	f.BoolVar(&noParallel, "no-parallel", false, "Deprecated")
	hide(c, "parallel", "no-parallel")
	return c
}

func runPull(ctx context.Context, s *setup, opt pullOptions, args []string) error {
	if opt.quiet {
		s.quiet()
	}
	p, err := s.load(ctx, args, need{attributes: []string{"image", "build", "platform", "provider", "pull_policy"}, alone: !opt.includeDeps})
	if err != nil {
		return err
	}
	services, err := withDependencies(p, args, opt.includeDeps)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	local, err := localImages(ctx, e, services)
	if err != nil {
		return err
	}
	var all []imageWork
	var unbuilt buildList
	work := map[string]int{}             // by tag, its place in all
	pulled := map[engine.ImageRef]bool{} // services may share an image
	for _, sv := range services {
		ref := engine.ImageRef{Ref: sv.Image, Platform: sv.Platform}
		if sv.Provider || pulled[ref] {
			continue
		}
		if why := opt.skips(sv, local[ref]); why != "" {
			skipImage(s.console, imageName(sv), why)
			continue
		}
		pulled[ref] = true
		if s.global.dryRun {
			s.inform("would " + plan.PullImage{Image: ref}.String())
			continue
		}
		pull := func(ctx context.Context, report func(engine.Progress)) error {
			err := e.PullImage(ctx, ref, report)
			if err != nil && sv.Build && ctx.Err() == nil {
				unbuilt.add(sv.Name)
			}
			return at(p.Positions.Of("services", sv.Name, "image"), err)
		}
		tag := project.FullTag(sv.Image)
		if i, known := work[tag]; known { // for another platform: in turn
			before := all[i].work
			all[i].work = func(ctx context.Context, report func(engine.Progress)) error {
				if err := before(ctx, report); err != nil {
					return err
				}
				return pull(ctx, report)
			}
			continue
		}
		work[tag] = len(all)
		all = append(all, imageWork{ref: sv.Image, doing: "Pulling", done: "Pulled", failureWarns: opt.ignoreFailures || sv.Build, work: pull})
	}
	err = workOnImages(ctx, s.console, "pull", all)
	if names := unbuilt.sorted(); err == nil && len(names) > 0 {
		s.printer.Warn(fmt.Sprintf("Some service image(s) must be built from source by running:\n    %s build %s", calledAs(s.app.Program, s.asPlugin), strings.Join(names, " ")))
	}
	return err
}

// buildList collects services whose image no registry has.
type buildList struct {
	mu    sync.Mutex
	names []string
}

func (l *buildList) add(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, name)
}

func (l *buildList) sorted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.names))
}
