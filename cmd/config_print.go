package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/musterdev/muster/internal/hostfile"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// configWrite has config's output written: to a file that only its owner can
// read, since it may hold secrets, or to where the command prints.
func configWrite(ctx context.Context, c *console, opt configOptions, write func(w io.Writer) error) error {
	if opt.capture == "" {
		return write(c.Out)
	}
	if c.flags.dryRun {
		c.inform("would write " + opt.capture)
		return write(io.Discard)
	}
	return hostfile.Write(ctx, c.hostPath(opt.capture), write)
}

func configLines(ctx context.Context, c *console, opt configOptions, lines []string) error {
	return configWrite(ctx, c, opt, func(w io.Writer) error {
		for _, l := range lines {
			if err := ui.PrintLine(w, l); err != nil {
				return err
			}
		}
		return nil
	})
}

// configModel renders the model. On a terminal, values that look secret are
// masked; scripts feed the output to other tools and get all of it.
func configModel(ctx context.Context, c *console, p *project.Project, opt configOptions) error {
	format, err := opt.renderFormat()
	if err != nil {
		return err
	}
	hidden := false
	err = configWrite(ctx, c, opt, func(w io.Writer) (err error) {
		if opt.lockDigests {
			return loader.RenderImages(w, p, format)
		}
		hidden, err = loader.Render(w, p, loader.RenderOptions{Format: format, Mask: masksSecrets(c, opt)})
		return err
	})
	tellHidden(c, hidden)
	return err
}

// masksSecrets reports whether what config prints is for eyes only.
func masksSecrets(c *console, opt configOptions) bool {
	return c.Terminal.Out && opt.capture == "" && !opt.showSecrets
}

func tellHidden(c *console, hidden bool) {
	if hidden {
		c.printer.Info("values that look like secrets are hidden on a terminal; use --show-secrets to show them")
	}
}

func (o configOptions) renderFormat() (loader.Format, error) {
	switch o.format {
	case "", "yaml":
		return loader.YAML, nil
	case "json":
		return loader.JSON, nil
	}
	return "", fmt.Errorf("unsupported format %q: use yaml or json", o.format)
}
