package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
)

type pushOptions struct {
	quiet          bool
	includeDeps    bool
	ignoreFailures bool
}

func pushCmd(s *setup) *cobra.Command {
	var opt pushOptions
	c := &cobra.Command{
		Use: "push [OPTIONS] [SERVICE...]", Short: "Push service images",
		RunE: func(c *cobra.Command, args []string) error { return runPush(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Push without printing progress information")
	f.BoolVar(&opt.includeDeps, "include-deps", false, "Also push images of services declared as dependencies")
	f.BoolVar(&opt.ignoreFailures, "ignore-push-failures", false, "Push what can be pushed, ignore failures")
	return c
}

// runPush sends the images of services that are built: their image and its tags.
func runPush(ctx context.Context, s *setup, opt pushOptions, args []string) error {
	if opt.quiet {
		s.quiet()
	}
	p, err := s.load(ctx, args, need{attributes: []string{"image", "build", "provider"}, alone: !opt.includeDeps})
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
	var all []imageWork
	for _, sv := range once(services) {
		if !sv.Build || sv.Spec.Image == "" {
			skipImage(s.console, sv.Name, "")
			continue
		}
		for _, ref := range append([]string{sv.Image}, sv.Spec.Build.Tags...) {
			if s.global.dryRun {
				s.inform("would push " + ref)
				continue
			}
			all = append(all, imageWork{
				ref: ref, doing: "Pushing", done: "Pushed", failureWarns: opt.ignoreFailures,
				work: func(ctx context.Context, report func(engine.Progress)) error {
					return at(p.Positions.Of("services", sv.Name, "image"), e.PushImage(ctx, engine.ImageRef{Ref: ref}, report))
				},
			})
		}
	}
	return workOnImages(ctx, s.console, "push", all)
}
