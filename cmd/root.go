package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rootCmd is the command tree.
func rootCmd(s *setup) *cobra.Command {
	c := &cobra.Command{
		Use:   "muster",
		Short: "Run Compose files on a container engine",
		// Global flags stand before the command's name, its own after it.
		TraverseChildren: true, SilenceUsage: true, SilenceErrors: true,
		Args:              cobra.ArbitraryArgs,
		RunE:              func(c *cobra.Command, args []string) error { return noCommand(s, c, args) },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return prepare(s, c) },
	}
	s.global.addTo(c)
	c.SetFlagErrorFunc(flagError)
	for _, child := range commands(s) {
		if child.Args != nil {
			child.Args = sayingWhere(child.Args)
		}
		c.AddCommand(child)
	}
	c.SetHelpCommand(helpCmd(s))
	addCompletion(s, c)
	return c
}

// helpCmd is --help under another name, with an error for what is no command.
func helpCmd(s *setup) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command", Annotations: map[string]string{bare: ""},
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noCommand(s, c.Root(), args)
			}
			return about.Help()
		},
	}
}

// commands are all commands, one file each.
func commands(s *setup) []*cobra.Command {
	return []*cobra.Command{
		attachCmd(s), buildCmd(s), commitCmd(s), configCmd(s), cpCmd(s), createCmd(s), downCmd(s), eventsCmd(s), execCmd(s),
		exportCmd(s), imagesCmd(s), killCmd(s), logsCmd(s), lsCmd(s), pauseCmd(s), planCmd(s), portCmd(s), psCmd(s),
		pullCmd(s), pushCmd(s), restartCmd(s), rmCmd(s), runCmd(s), scaleCmd(s), startCmd(s), statsCmd(s), stopCmd(s), superviseCmd(s),
		topCmd(s), unpauseCmd(s), upCmd(s), versionCmd(s), volumesCmd(s), waitCmd(s), watchCmd(s),
	}
}

// flagError keeps a wrong flag to one line that says where to read on.
func flagError(c *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if errors.As(err, &value) && errors.As(err, &number) {
		wants := "a whole number"
		if number.Func == "ParseBool" {
			wants = "true or false"
		}
		err = fmt.Errorf("--%s %q is not %s", value.GetFlag().Name, value.GetValue(), wants)
	}
	return fmt.Errorf("%w (see '%s --help')", err, c.CommandPath())
}

// sayingWhere makes an error about the number of arguments say whose they are.
func sayingWhere(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err != nil && !strings.Contains(err.Error(), c.CommandPath()) {
			err = fmt.Errorf("%s %w", c.CommandPath(), err)
		}
		if err != nil {
			err = fmt.Errorf("%w (see '%s --help')", err, c.CommandPath())
		}
		return err
	}
}

// leftOut says of a command that Docker Compose has why there is none here.
func leftOut(command string) string {
	switch command {
	case "publish":
		return "muster has no publish: it runs Compose files, and does not publish them as artifacts"
	case "bridge":
		return "muster has no bridge: it runs Compose files and does not convert them for other platforms"
	case "alpha":
		return "muster has no alpha commands"
	}
	return ""
}

// noCommand answers a call without a known command.
func noCommand(s *setup, c *cobra.Command, args []string) error {
	if s.global.version {
		return runVersion(s.app, versionOptions{})
	}
	if len(args) > 0 {
		if why := leftOut(args[0]); why != "" {
			return errors.New(why)
		}
	}
	if err := c.Help(); err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command: %q", "muster "+args[0])
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}
