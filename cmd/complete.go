package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// completed is what a shell may offer.
type completed = []cobra.Completion

const noFiles = cobra.ShellCompDirectiveNoFileComp

// addCompletion lets shells complete services, profiles, projects and the words
// of flags. A project that cannot be loaded completes nothing.
func addCompletion(s *session, root *cobra.Command) {
	manyServices := completeServices(s.finder, "", -1)
	for _, c := range root.Commands() {
		switch c.Name() {
		case "attach", "commit", "export", "port", "stats", "exec", "run":
			c.ValidArgsFunction = completeServices(s.finder, "", 1)
		case "scale":
			c.ValidArgsFunction = completeServices(s.finder, "=", -1)
		case "cp":
			c.ValidArgsFunction = completeCopy(s.finder)
		case "ls", "version", "help", "completion":
			c.ValidArgsFunction = cobra.NoFileCompletions
		default:
			c.ValidArgsFunction = manyServices
		}
		completeWords(c, "format", "table", "json")
		completeWords(c, "pull", "always", "missing", "never", "build", "policy")
		completeWords(c, "policy", "missing", "always")
		completeWords(c, "rmi", "local", "all")
		completeWords(c, "signal", "SIGTERM", "SIGINT", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
		completeWords(c, "status", "paused", "restarting", "removing", "running", "dead", "created", "exited")
		for _, flag := range []string{"attach", "no-attach", "exit-code-from"} {
			completeFlag(c, flag, manyServices)
		}
	}
	completeWords(root, "progress", "auto", "tty", "plain", "json", "quiet")
	completeWords(root, "ansi", "never", "always", "auto")
	_ = root.MarkFlagFilename("file", "yaml", "yml") // see completeFlag
	_ = root.MarkFlagDirname("project-directory")
	completeFlag(root, "profile", completeProfiles(s.finder))
	completeFlag(root, "project-name", completeProjects(s.engines))
}

type completer = func(c *cobra.Command, args []string, toComplete string) (completed, cobra.ShellCompDirective)

func completeFlag(c *cobra.Command, flag string, f completer) {
	if c.Flags().Lookup(flag) != nil {
		_ = c.RegisterFlagCompletionFunc(flag, f) // it fails only for flags that are not there
	}
}

func completeWords(c *cobra.Command, flag string, words ...string) {
	if c.Flags().Lookup(flag) != nil {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, noFiles)) // see completeFlag
	}
}

// completionProject loads the project without its env files and without a word.
func completionProject(f *finder, c *cobra.Command) (*project.Project, bool) {
	in := f.loaderInput()
	in.NoEnvResolution, in.NoConsistency = true, true
	f.console.quiet()
	p, err := f.open(c.Context(), in)
	return p, err == nil
}

// completeServices offers services with a suffix; files after the most-th argument.
func completeServices(f *finder, suffix string, most int) completer {
	return func(c *cobra.Command, args []string, _ string) (completed, cobra.ShellCompDirective) {
		if most >= 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveDefault
		}
		directive := noFiles
		if suffix != "" {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		return serviceCompletions(f, c, args, suffix), directive
	}
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

// completeCopy offers services with a colon beside files.
func completeCopy(f *finder) completer {
	return func(c *cobra.Command, args []string, toComplete string) (completed, cobra.ShellCompDirective) {
		if len(args) > 1 || strings.ContainsAny(toComplete, "/:") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return serviceCompletions(f, c, nil, ":"), cobra.ShellCompDirectiveNoSpace
	}
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
