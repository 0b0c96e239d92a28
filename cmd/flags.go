package cmd

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// boolEnv reads a switch of the environment as Docker Compose does: Go's words
// for true, and y.
func (s *session) boolEnv(name string) bool {
	v := s.getenv(name)
	if strings.EqualFold(v, "y") {
		return true
	}
	b, err := strconv.ParseBool(v)
	return err == nil && b
}

// removeOrphans is the flag, or COMPOSE_REMOVE_ORPHANS if it is not given.
func (s *session) removeOrphans(c *cobra.Command, flag bool) bool {
	if c.Flags().Changed("remove-orphans") {
		return flag
	}
	return s.boolEnv("COMPOSE_REMOVE_ORPHANS")
}

// menuWanted is COMPOSE_MENU, or yes if it is not set.
func (s *session) menuWanted() bool {
	return s.getenv("COMPOSE_MENU") == "" || s.boolEnv("COMPOSE_MENU")
}

// alias adds an old name of a flag, which is accepted with a warning.
func (s *session) alias(c *cobra.Command, old, name string) {
	flag := c.Flags().Lookup(name)
	if flag == nil {
		return
	}
	c.Flags().AddFlag(&pflag.Flag{
		Name: old, Usage: "Deprecated: use --" + name, Hidden: true, DefValue: flag.DefValue, NoOptDefVal: flag.NoOptDefVal,
		Value: &aliasValue{Value: flag.Value, used: func() {
			flag.Changed = true
			s.printer.Warn("--" + old + " is deprecated: use --" + name)
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
