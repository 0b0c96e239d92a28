package cmd

import (
	"slices"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
	"github.com/spf13/cobra"
)

// completionProject loads the project without its env files and without a word.
func completionProject(f *finder, c *cobra.Command) (*project.Project, bool) {
	in := f.loaderInput()
	in.NoEnvResolution, in.NoConsistency = true, true
	f.console.quiet()
	p, err := f.open(c.Context(), in)
	return p, err == nil
}

func serviceCompletions(f *finder, c *cobra.Command, given []string, suffix string) completed {
	p, ok := completionProject(f, c)
	if !ok {
		return nil
	}
	var names completed
	for _, sv := range slices.Concat(p.Services, p.Disabled) {
		if !slices.ContainsFunc(given, func(arg string) bool { return arg == sv.Name || strings.HasPrefix(arg, sv.Name+suffix) && suffix != "" }) {
			names = append(names, sv.Name+suffix)
		}
	}
	return offered(names)
}

// offered are the names in order, once each. Shells put what is chosen into a line
// and take a tab for the start of a description, a newline for that of another
// name: names with control characters are left out.
func offered(names completed) completed {
	names = slices.DeleteFunc(names, func(name string) bool { return ui.Escape(name) != name })
	slices.Sort(names)
	return slices.Compact(names)
}

func completeProfiles(f *finder) completer {
	return func(c *cobra.Command, _ []string, _ string) (completed, cobra.ShellCompDirective) {
		p, ok := completionProject(f, c)
		if !ok {
			return nil, noFiles
		}
		var profiles completed
		for _, sv := range slices.Concat(p.Services, p.Disabled) {
			profiles = append(profiles, sv.Spec.Profiles...)
		}
		return offered(profiles), noFiles
	}
}

func completeProjects(f *engines) completer {
	return func(c *cobra.Command, _ []string, _ string) (completed, cobra.ShellCompDirective) {
		e, err := f.engine()
		if err != nil {
			return nil, noFiles
		}
		cs, err := engine.ListOurs(c.Context(), e, "", nil)
		if err != nil {
			return nil, noFiles
		}
		var names completed
		for _, ct := range cs {
			if ct.Project != "" {
				names = append(names, ct.Project)
			}
		}
		return offered(names), noFiles
	}
}
