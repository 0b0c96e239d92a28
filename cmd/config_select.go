package cmd

import (
	"context"
	"slices"
	"strings"

	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// selectsModel reports whether a selector wins over --environment.
func (o configOptions) selectsModel() bool {
	return o.services || o.volumes || o.networks || o.models || o.hash != "" || o.profiles || o.images
}

// section is the section whose names are asked for, if one is.
func (o configOptions) section() string {
	switch {
	case o.services:
		return "services"
	case o.volumes:
		return "volumes"
	case o.networks:
		return "networks"
	case o.models:
		return "models"
	}
	return ""
}

// configNames prints the names of a section of files whose variables are kept.
func (s *session) configNames(ctx context.Context, in loader.Input, opt configOptions) error {
	names, warnings, err := loader.RawNames(ctx, in, opt.section())
	for _, w := range warnings {
		s.printer.Warn(w.String())
	}
	if err != nil {
		return err
	}
	return s.configLines(opt, names)
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
		return loader.Profiles(p), true, nil
	case o.images:
		return loader.Images(p), true, nil
	}
	return nil, false, nil
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
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
