package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

type configOptions struct {
	format      string
	output      string
	quiet       bool
	showSecrets bool

	noInterpolate, noNormalize, noPaths, noConsistency, noEnv bool

	services, volumes, networks, models, profiles, images, variables, environment bool

	hash string
}

func (s *session) configCmd() *cobra.Command {
	var opt configOptions
	c := &cobra.Command{
		Use: "config [OPTIONS] [SERVICE...]", Short: "Parse, resolve and render the Compose files",
		RunE: func(c *cobra.Command, args []string) error { return s.config(c.Context(), opt, args) },
	}
	f := c.Flags()
	f.StringVar(&opt.format, "format", "", "Format the output: yaml or json")
	f.StringVarP(&opt.output, "output", "o", "", "Save to a file instead of printing")
	f.BoolVarP(&opt.quiet, "quiet", "q", false, "Only validate")
	f.BoolVar(&opt.showSecrets, "show-secrets", false, "Show values that look secret on a terminal too")
	f.BoolVar(&opt.noInterpolate, "no-interpolate", false, "Don't interpolate environment variables")
	f.BoolVar(&opt.noNormalize, "no-normalize", false, "Don't normalize the model")
	f.BoolVar(&opt.noPaths, "no-path-resolution", false, "Don't resolve file paths")
	f.BoolVar(&opt.noConsistency, "no-consistency", false, "Don't check the model's consistency")
	f.BoolVar(&opt.noEnv, "no-env-resolution", false, "Don't resolve services' env files")
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

func (s *session) config(ctx context.Context, opt configOptions, args []string) error {
	in := s.loaderInput()
	in.NoInterpolate, in.NoNormalize, in.NoPathResolution = opt.noInterpolate, opt.noNormalize, opt.noPaths
	in.NoConsistency, in.NoEnvResolution = opt.noConsistency, opt.noEnv
	in.Services = args
	if opt.noInterpolate && len(args) > 0 {
		s.printer.Warn("with --no-interpolate all services are shown: the arguments are ignored")
		args, in.Services = nil, nil
	}
	if opt.environment && !opt.selectsModel() {
		return s.configEnvironment(ctx, in)
	}
	p, err := s.loadInput(ctx, in)
	if err != nil {
		return err
	}
	if p, err = p.Select(args...); err != nil {
		return err
	}
	out, done, err := s.configOutput(opt)
	if err != nil {
		return err
	}
	switch lines, selected, err := opt.lines(p); {
	case err != nil:
		return err
	case selected:
		for _, l := range lines {
			fmt.Fprintln(out, l)
		}
	case !opt.quiet:
		if err := s.configModel(out, p, opt, len(args) > 0); err != nil {
			return err
		}
	}
	return done()
}

// selectsModel reports whether a selector wins over --environment.
func (o configOptions) selectsModel() bool {
	return o.services || o.volumes || o.networks || o.models || o.hash != "" || o.profiles || o.images
}

func (s *session) configEnvironment(ctx context.Context, in loader.Input) error {
	env, err := loader.Environment(ctx, in)
	if err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(s.Out, "%s=%s\n", k, env[k])
	}
	return nil
}

// configOutput is where config prints. done writes the file, readable by its
// owner only: it may hold secrets.
func (s *session) configOutput(opt configOptions) (out *bytes.Buffer, done func() error, err error) {
	out = &bytes.Buffer{}
	if opt.output == "" {
		return out, func() error { _, err := s.Out.Write(out.Bytes()); return err }, nil
	}
	file := opt.output
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.Dir, file)
	}
	return out, func() error { return os.WriteFile(file, out.Bytes(), 0o600) }, nil
}

// lines answers the selectors, the first of which wins.
func (o configOptions) lines(p *project.Project) (lines []string, selected bool, err error) {
	m := p.Compose
	switch {
	case o.services:
		g, err := p.Graph()
		if err != nil {
			return nil, true, err
		}
		return g.Order(), true, nil
	case o.volumes:
		return sorted(m.VolumeNames()), true, nil
	case o.networks:
		return sorted(m.NetworkNames()), true, nil
	case o.models:
		return sorted(m.ModelNames()), true, nil
	case o.hash != "":
		lines, err := hashes(p, o.hash)
		return lines, true, err
	case o.profiles:
		return profiles(p), true, nil
	case o.images:
		var images []string
		for _, sv := range p.Services {
			images = append(images, sv.Image)
			for _, h := range sv.PreStart {
				if h.Image != "" {
					images = append(images, h.Image)
				}
			}
		}
		return images, true, nil
	}
	return nil, false, nil
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func profiles(p *project.Project) []string {
	var names []string
	for _, sv := range append(slices.Clone(p.Services), p.Disabled...) {
		names = append(names, sv.Spec.Profiles...)
	}
	return slices.Compact(sorted(names))
}

func hashes(p *project.Project, which string) ([]string, error) {
	var patterns []string
	if which != "*" {
		patterns = strings.Split(which, ",")
	}
	names := p.ServiceNames()
	if len(patterns) > 0 {
		var err error
		if names, err = p.Match(patterns...); err != nil {
			return nil, err
		}
	}
	var lines []string
	for _, name := range names {
		lines = append(lines, name+" "+string(p.Service(name).Hash))
	}
	return lines, nil
}

// configModel renders the model. On a terminal, values that look secret are
// masked; scripts feed the output to other tools and get all of it.
func (s *session) configModel(out *bytes.Buffer, p *project.Project, opt configOptions, selected bool) error {
	m := p.Compose
	if selected {
		var err error
		if m, err = m.WithSelectedServices(p.ServiceNames()); err != nil {
			return err
		}
		if !s.global.allResources {
			m = m.WithoutUnnecessaryResources()
		}
	}
	if s.Terminal.Out && opt.output == "" && !opt.showSecrets {
		services := maps.Clone(m.Services)
		for name, sv := range services {
			sv.Environment = maps.Clone(sv.Environment)
			for k, v := range sv.Environment {
				if v != nil && *v != "" && looksSecret(k) {
					masked := "********"
					sv.Environment[k] = &masked
				}
			}
			services[name] = sv
		}
		masked := *m
		masked.Services = services
		m = &masked
	}
	var text []byte
	var err error
	switch opt.format {
	case "", "yaml":
		text, err = m.MarshalYAML()
	case "json":
		text, err = m.MarshalJSON()
		if err == nil && len(m.Models) > 0 {
			text, err = withKey(text, "models", m.Models)
		}
		text = append(text, '\n')
	default:
		return fmt.Errorf("unsupported format %q: use yaml or json", opt.format)
	}
	if err != nil {
		return fmt.Errorf("render the model: %w", err)
	}
	if !opt.noInterpolate { // so that the output means the same as input
		text = bytes.ReplaceAll(text, []byte{'$'}, []byte("$$"))
	}
	out.Write(text)
	return nil
}

// withKey adds a key to an indented JSON object.
func withKey(object []byte, key string, value any) ([]byte, error) {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	m[key] = value
	return json.MarshalIndent(m, "", "  ")
}

// looksSecret reports whether a variable's name speaks of a secret.
func looksSecret(name string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc([]string{"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL"},
		func(word string) bool { return strings.Contains(name, word) })
}
