package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

type versionOptions struct {
	format string
	short  bool
}

func versionCmd(s *setup) *cobra.Command {
	var opt versionOptions
	c := &cobra.Command{
		Use: "version", Short: "Show the version", Args: cobra.NoArgs,
		Annotations: map[string]string{bare: ""},
		RunE:        func(*cobra.Command, []string) error { return runVersion(s.app, opt) },
	}
	c.Flags().StringVarP(&opt.format, "format", "f", "", "Format the output: pretty or json")
	c.Flags().BoolVar(&opt.short, "short", false, "Print the version number only")
	return c
}

func runVersion(app *App, opt versionOptions) error {
	number := strings.TrimPrefix(app.Version, "v")
	full := number
	if number != "" && number[0] >= '0' && number[0] <= '9' {
		full = "v" + number
	}
	switch {
	case opt.short:
		fmt.Fprintln(app.Out, number)
	case opt.format == "json":
		return json.NewEncoder(app.Out).Encode(map[string]string{"version": full})
	case opt.format == "" || opt.format == "pretty":
		fmt.Fprintln(app.Out, "Muster version "+full)
	default:
		return fmt.Errorf("format value %q could not be parsed: use pretty or json", opt.format)
	}
	return nil
}
