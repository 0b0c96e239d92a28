package cmd

import (
	"context"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

type configOptions struct {
	format      string
	capture     string
	quiet       bool
	showSecrets bool

	noInterpolate, noNormalize, noPaths, noConsistency, noEnv bool

	services, volumes, networks, models, profiles, images, variables, environment bool

	hash string

	resolveDigests, lockDigests bool
}

func configCmd(s *setup) *cobra.Command {
	var opt configOptions
	c := &cobra.Command{
		Use: "config [OPTIONS] [SERVICE...]", Short: "Parse, resolve and render the Compose files",
		RunE: func(c *cobra.Command, args []string) error { return runConfig(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.StringVar(&opt.format, "format", "", "Format the output: yaml or json")
	f.StringVarP(&opt.capture, "output", "o", "", "Save to a file instead of printing")
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Only validate")
	f.BoolVar(&opt.showSecrets, "show-secrets", false, "Show values that look like secrets on a terminal too")
	f.BoolVar(&opt.noInterpolate, "no-interpolate", false, "Don't interpolate environment variables")
	f.BoolVar(&opt.noNormalize, "no-normalize", false, "Don't normalize the model")
	f.BoolVar(&opt.noPaths, "no-path-resolution", false, "Don't resolve file paths")
	f.BoolVar(&opt.noConsistency, "no-consistency", false, "Don't check the model's consistency")
	f.BoolVar(&opt.noEnv, "no-env-resolution", false, "Don't resolve services' env files")
	f.BoolVar(&opt.resolveDigests, "resolve-image-digests", false, "Pin image tags to digests")
	f.BoolVar(&opt.lockDigests, "lock-image-digests", false, "Produce an override file with image digests")
	f.BoolVar(&opt.services, "services", false, "Print the service names, dependencies first")
	f.BoolVar(&opt.volumes, "volumes", false, "Print the volume names")
	f.BoolVar(&opt.networks, "networks", false, "Print the network names")
	f.BoolVar(&opt.models, "models", false, "Print the model names")
	f.BoolVar(&opt.profiles, "profiles", false, "Print the profile names")
	f.BoolVar(&opt.images, "images", false, "Print the image names")
	f.StringVar(&opt.hash, "hash", "", `Print the services' config hashes: "*" or a comma-separated list`)
	f.BoolVar(&opt.variables, "variables", false, "Print the variables of the files and their defaults")
	f.BoolVar(&opt.environment, "environment", false, "Print the environment used for interpolation")
	return c
}

// configMemory is from where on the garbage of config is collected as it comes:
// a project of ten thousands of services fits in with it. Smaller ones never
// get there.
const configMemory = 176 << 20

func runConfig(ctx context.Context, s *setup, opt configOptions, args []string) error {
	if s.env.get("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(configMemory))
	}
	in := s.loaderInput()
	in.NoInterpolate, in.NoNormalize, in.NoPathResolution = opt.noInterpolate, opt.noNormalize, opt.noPaths
	in.NoConsistency, in.NoEnvResolution = opt.noConsistency, opt.noEnv
	in.Services = args
	if opt.noInterpolate && len(args) > 0 {
		s.printer.Warn("--no-interpolate shows all services: ignoring the arguments")
		args, in.Services = nil, nil
	}
	switch {
	case opt.variables && !opt.selectsModel():
		return configVariables(ctx, s.console, in, opt)
	case opt.environment && !opt.selectsModel():
		return configEnvironment(ctx, s.console, in, opt)
	case opt.noInterpolate && !opt.selectsModel():
		return configRaw(ctx, s.console, in, opt)
	case opt.noInterpolate && opt.section() != "":
		return configNames(ctx, s.console, in, opt)
	case opt.noInterpolate:
		s.printer.Warn("--no-interpolate has no effect on --hash, --profiles and --images")
		in.NoInterpolate = false
	}
	p, err := s.open(ctx, in)
	if err != nil {
		return err
	}
	all := p
	if p, err = p.Select(args...); err != nil {
		return err
	}
	if err := configProblems(s.console, all, p, opt); err != nil {
		return err
	}
	if opt.resolveDigests || opt.lockDigests {
		if p, err = pinImages(ctx, s.engines, p); err != nil {
			return err
		}
	}
	switch lines, selected, err := opt.lines(p); {
	case err != nil:
		return err
	case selected:
		return configLines(ctx, s.console, opt, lines)
	case !opt.quiet:
		return configModel(ctx, s.console, p, opt)
	}
	return nil
}

// pinImages replaces the images' tags by the digests that their registries
// have for them now.
func pinImages(ctx context.Context, f *engines, p *project.Project) (*project.Project, error) {
	e, err := f.engine()
	if err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, sv := range p.Services {
		if sv.Spec.Image == "" || sv.Provider || strings.Contains(sv.Image, "@") {
			continue
		}
		digest, err := e.ResolveDigest(ctx, engine.ImageRef{Ref: sv.Image, Platform: sv.Platform})
		if err != nil {
			return nil, at(p.Positions.Of("services", sv.Name, "image"), err)
		}
		digests[sv.Name] = sv.Image + "@" + digest
	}
	return loader.WithImages(p, digests)
}
