package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// completed is what a shell may offer.
type completed = []cobra.Completion

const noFiles = cobra.ShellCompDirectiveNoFileComp

// addCompletion lets shells complete services, profiles, projects and the words
// of flags. A project that cannot be loaded completes nothing.
func addCompletion(s *setup, root *cobra.Command) {
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

// completeCopy offers services with a colon beside files.
func completeCopy(f *finder) completer {
	return func(c *cobra.Command, args []string, toComplete string) (completed, cobra.ShellCompDirective) {
		if len(args) > 1 || strings.ContainsAny(toComplete, "/:") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return serviceCompletions(f, c, nil, ":"), cobra.ShellCompDirectiveNoSpace
	}
}
