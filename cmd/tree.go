package cmd

import "github.com/spf13/cobra"

// Tree is the tree of commands, for programs that write documentation of it.
func Tree(app *App) *cobra.Command { return rootCmd(newSetup(app)) }
