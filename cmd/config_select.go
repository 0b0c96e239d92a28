package cmd

import (
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

// configProblems says what is wrong with the files, as far as the output needs
// it: names are known all the same. What Docker Compose prints is printed, with a
// warning about what keeps it from being run.
func configProblems(c *console, all, selected *project.Project, opt configOptions) error {
	var problems []project.Problem
	switch pins := opt.resolveDigests || opt.lockDigests; {
	case !opt.selectsModel() && all == selected:
		problems = slices.Concat(all.ProblemsOf(), all.Unused)
	case !opt.selectsModel():
		problems = selected.ProblemsOf()
	case opt.hash != "" && opt.section() == "":
		hashed, err := selected.Only(opt.hashed(selected)...)
		if err != nil {
			return err
		}
		problems = hashed.ProblemsOf()
	case pins:
		problems = selected.ProblemsOf("image", "platform")
	case opt.images && opt.section() == "" && !opt.profiles:
		problems = unreadable(selected.ProblemsOf("image", "pre_start"))
	}
	if slices.ContainsFunc(problems, func(p project.Problem) bool { return !p.Shown }) {
		return loader.Refusal(project.InOrder(problems))
	}
	for _, p := range project.InOrder(problems) {
		c.printer.Warn(p.Err.Error())
	}
	return nil
}

// unreadable are the problems because of which a value is not known.
func unreadable(problems []project.Problem) []project.Problem {
	return slices.DeleteFunc(problems, func(p project.Problem) bool { return p.Shown })
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
		return loader.Models(p), true, nil
	case o.hash != "":
		lines, err := o.hashes(p)
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

// hashed are the names or patterns of the services whose hashes are asked for.
func (o configOptions) hashed(p *project.Project) []string {
	if o.hash == "*" {
		return p.ServiceNames()
	}
	return strings.Split(o.hash, ",")
}

func (o configOptions) hashes(p *project.Project) ([]string, error) {
	names, err := p.Match(o.hashed(p)...)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, name := range names {
		lines = append(lines, name+" "+string(p.Service(name).Hash))
	}
	return lines, nil
}
