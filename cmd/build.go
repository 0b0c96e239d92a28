package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/up/images"
	"github.com/musterdev/muster/engine"
)

type buildOptions struct {
	args             []string
	builder          string
	check            bool
	noCache          bool
	print            bool
	provenance, sbom string
	pull             bool
	push             bool
	quiet            bool
	ssh              string
	withDependencies bool
}

func buildCmd(s *setup) *cobra.Command {
	var opt buildOptions
	var ignored struct {
		memory, progress                      string
		parallel, compress, forceRm, noRemove bool
	}
	c := &cobra.Command{
		Use: "build [OPTIONS] [SERVICE...]", Short: "Build or rebuild services",
		RunE: func(c *cobra.Command, args []string) error {
			for _, flag := range []string{"memory", "parallel", "compress", "force-rm", "no-rm"} {
				if c.Flags().Changed(flag) {
					s.printer.Warn(fmt.Sprintf("--%s has no effect: images are built by BuildKit", flag))
				}
			}
			return runBuild(c.Context(), s, opt, args)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&opt.args, "build-arg", nil, "Set build-time variables for services")
	f.StringVar(&opt.builder, "builder", "", "Set builder to use")
	f.BoolVar(&opt.check, "check", false, "Check build configuration")
	f.StringVarP(&ignored.memory, "memory", "m", "", "Set memory limit for the build container. Not supported by BuildKit.")
	f.BoolVar(&opt.noCache, "no-cache", false, "Do not use cache when building the image")
	f.BoolVar(&opt.print, "print", false, "Print equivalent bake file")
	f.StringVar(&opt.provenance, "provenance", "", "Add a provenance attestation")
	f.StringVar(&opt.sbom, "sbom", "", "Add a SBOM attestation")
	f.BoolVar(&opt.pull, "pull", false, "Always attempt to pull a newer version of the image")
	f.BoolVar(&opt.push, "push", false, "Push service images")
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Suppress the build output")
	f.StringVar(&opt.ssh, "ssh", "", "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)")
	f.BoolVar(&opt.withDependencies, "with-dependencies", false, "Also build dependencies (transitively)")
	f.BoolVar(&ignored.parallel, "parallel", true, "Deprecated")
	f.BoolVar(&ignored.compress, "compress", false, "Deprecated")
	f.BoolVar(&ignored.forceRm, "force-rm", false, "Deprecated")
	f.BoolVar(&ignored.noRemove, "no-rm", false, "Deprecated")
	f.StringVar(&ignored.progress, "progress", "", "Deprecated: use muster --progress")
	hide(c, "parallel", "compress", "force-rm", "no-rm", "progress")
	return c
}

// runBuild builds the services' images: each once, those that others build on
// first, the rest at the same time.
func runBuild(ctx context.Context, s *setup, opt buildOptions, args []string) error {
	if opt.quiet {
		s.quiet()
	}
	var err error
	if opt.ssh, err = sshPaths(s.console, opt.ssh); err != nil {
		return err
	}
	p, err := s.load(ctx, args, need{attributes: buildAttributes(), builds: true, alone: !opt.withDependencies})
	if err != nil {
		return err
	}
	services, err := withDependencies(p, args, opt.withDependencies)
	if err != nil {
		return err
	}
	if opt.print {
		return printBake(s.console, p, services, opt)
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	plan, err := images.Plan(p, services, opt.spec)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		for _, step := range plan.Steps {
			s.inform("would " + step.Action.String())
		}
		return nil
	}
	if err := warnOfBuilds(ctx, s.console, e, p); err != nil {
		return err
	}
	if plan.Empty() {
		s.printer.Warn("No services to build")
		return nil
	}
	s.printer.Begin("build", plan)
	defer s.printer.End()
	if err := apply.ApplyWith(ctx, plan, e, apply.ApplyOptions{Report: buildLog(s.console, plan), ImageLimit: max(0, s.global.parallel), Want: p}); err != nil || !opt.push {
		return err
	}
	return runPush(ctx, s, pushOptions{quiet: opt.quiet, includeDeps: opt.withDependencies}, args)
}

// sshPaths makes the paths of --ssh ID=PATH,… those of the folder that the command
// runs in; those of the file are the project's.
func sshPaths(c *console, flag string) (string, error) {
	id, list, found := strings.Cut(flag, "=")
	if !found {
		return flag, nil
	}
	paths := strings.Split(list, ",")
	for i, p := range paths {
		if p == "" {
			return "", fmt.Errorf("--ssh %q: want default, ID or ID=PATH", flag)
		}
		path, err := filepath.Abs(c.hostPath(p))
		if err != nil {
			return "", fmt.Errorf("--ssh %q: %w", flag, err)
		}
		paths[i] = path
	}
	return id + "=" + strings.Join(paths, ","), nil
}

// spec adds the command line to what is asked for a service.
func (o buildOptions) spec(b engine.BuildSpec) engine.BuildSpec {
	b.NoCache, b.Pull, b.Quiet, b.Args, b.Check = o.noCache, o.pull, o.quiet, o.args, o.check
	b.Provenance, b.SBOM, b.Builder = o.provenance, o.sbom, o.builder
	if o.ssh != "" {
		b.SSH = []string{o.ssh}
	}
	return b
}
