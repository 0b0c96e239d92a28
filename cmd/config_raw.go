package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/loader"
)

func configEnvironment(ctx context.Context, c *console, in loader.Input, opt configOptions) error {
	env, err := loader.Environment(ctx, in)
	if err != nil {
		return err
	}
	switch name, err := loader.Name(ctx, in); {
	case err == nil:
		env["COMPOSE_PROJECT_NAME"] = name // as interpolation sees it
	case !errors.Is(err, loader.ErrNoFile):
		return err
	}
	var out bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(env)) {
		value := env[k]
		if masksSecrets(c, opt) && loader.LooksSecret(k) && value != "" {
			value = loader.Masked
		}
		_ = ui.PrintLine(&out, k+"="+value) // buffers take everything
	}
	tellHidden(c, masksSecrets(c, opt) && bytes.Contains(out.Bytes(), []byte(loader.Masked)))
	_, err = c.Out.Write(out.Bytes())
	return err
}

// configRaw writes the merged files with their variables kept.
func configRaw(ctx context.Context, c *console, in loader.Input, opt configOptions) error {
	format, err := opt.renderFormat()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	hidden, warnings, err := loader.RenderRaw(ctx, &text, in, loader.RenderOptions{Format: format, Mask: masksSecrets(c, opt)})
	for _, w := range warnings {
		c.printer.Warn(w.String())
	}
	if err != nil || opt.quiet {
		return err
	}
	tellHidden(c, hidden)
	return configWrite(ctx, c, opt, func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err })
}

// configVariables lists the variables that the files use.
func configVariables(ctx context.Context, c *console, in loader.Input, opt configOptions) error {
	variables, err := loader.Variables(ctx, in)
	if err != nil {
		return err
	}
	for i, v := range variables {
		if masksSecrets(c, opt) && loader.LooksSecret(v.Name) && v.Default != "" {
			variables[i].Default = loader.Masked
			c.printer.Info("defaults that look like secrets are hidden on a terminal; use --show-secrets to show them")
		}
	}
	var format loader.Format
	switch opt.format {
	case "json":
		format = loader.JSON
	case "yaml":
		format = loader.YAML
	default:
		return ui.VariableTable(variables).Print(c.Out, opt.format)
	}
	text, err := loader.RenderVariables(variables, format)
	if err != nil {
		return err
	}
	if format == loader.JSON {
		return ui.WriteJSON(c.Out, text)
	}
	_, err = c.Out.Write(text)
	return err
}

// configNames prints the names of a section of files whose variables are kept.
func configNames(ctx context.Context, c *console, in loader.Input, opt configOptions) error {
	names, warnings, err := loader.RawNames(ctx, in, opt.section())
	for _, w := range warnings {
		c.printer.Warn(w.String())
	}
	if err != nil {
		return err
	}
	return configLines(ctx, c, opt, names)
}
