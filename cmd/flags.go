package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// removeOrphans is the flag, or COMPOSE_REMOVE_ORPHANS if it is not given.
func removeOrphans(c *cobra.Command, env *environment, flag bool) bool {
	if c.Flags().Changed("remove-orphans") {
		return flag
	}
	return env.isTrue("COMPOSE_REMOVE_ORPHANS")
}

// alias adds an old name of a flag, which is accepted with a warning.
func alias(c *cobra.Command, to *console, old, name string) {
	flag := c.Flags().Lookup(name)
	if flag == nil {
		return
	}
	c.Flags().AddFlag(&pflag.Flag{
		Name: old, Usage: "Deprecated: use --" + name, Hidden: true, DefValue: flag.DefValue, NoOptDefVal: flag.NoOptDefVal,
		Value: &aliasValue{Value: flag.Value, used: func() {
			flag.Changed = true
			to.printer.Warn("--" + old + " is deprecated: use --" + name)
		}},
	})
}

// aliasValue sets another flag.
type aliasValue struct {
	pflag.Value
	used func()
}

func (v *aliasValue) Set(text string) error {
	v.used()
	return v.Value.Set(text)
}
