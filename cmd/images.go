package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

type imagesOptions struct {
	format string
	quiet  bool
}

func imagesCmd(s *setup) *cobra.Command {
	var opt imagesOptions
	c := &cobra.Command{
		Use: "images [OPTIONS] [SERVICE...]", Short: "List images used by the created containers",
		RunE: func(c *cobra.Command, args []string) error { return runImages(c.Context(), s, opt, args) },
	}
	c.Flags().StringVar(&opt.format, "format", "table", "Format the output: table or json")
	c.Flags().BoolVarP(&opt.quiet, "quiet", "q", false, "Only display IDs")
	return c
}

func runImages(ctx context.Context, s *setup, opt imagesOptions, args []string) error {
	v, err := viewNamed(ctx, s, args)
	if err != nil {
		return err
	}
	images, err := v.engine.ListImages(ctx, imageIDs(v.containers))
	if err != nil {
		return err
	}
	if opt.quiet {
		for _, ref := range imageIDs(v.containers) {
			ui.PrintLine(s.Out, strings.TrimPrefix(ref.Ref, "sha256:"))
		}
		return nil
	}
	return ui.ImageTable(v.containers, images, time.Now(), opt.format == "json").Print(s.Out, opt.format)
}

// imageIDs are the images of the containers, each once, sorted.
func imageIDs(cs []engine.Container) []engine.ImageRef {
	var ids []string
	for _, c := range cs {
		if c.ImageID != "" {
			ids = append(ids, c.ImageID)
		}
	}
	slices.Sort(ids)
	var refs []engine.ImageRef
	for _, id := range slices.Compact(ids) {
		refs = append(refs, engine.ImageRef{Ref: id, Age: true})
	}
	return refs
}
