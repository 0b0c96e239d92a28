package cmd

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

type volumesOptions struct {
	format string
	quiet  bool
}

func volumesCmd(s *setup) *cobra.Command {
	var opt volumesOptions
	c := &cobra.Command{
		Use: "volumes [OPTIONS] [SERVICE...]", Short: "List volumes",
		RunE: func(c *cobra.Command, args []string) error { return runVolumes(c.Context(), s, opt, args) },
	}
	c.Flags().StringVar(&opt.format, "format", "table", "Format the output: table, json, or a Go template")
	c.Flags().BoolVarP(&opt.quiet, "quiet", "q", false, "Only display volume names")
	return c
}

func runVolumes(ctx context.Context, s *setup, opt volumesOptions, args []string) error {
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	have, err := operation.Observe(ctx, e, t.name, t.project)
	if err != nil {
		return err
	}
	have = have.Ours(t.project)
	chosen, err := chooseServices(ctx, s.finder, t, args, have.Containers)
	if err != nil {
		return err
	}
	vs := slices.DeleteFunc(have.Volumes, func(v engine.Volume) bool {
		return v.Labels[project.LabelProject] != t.name || (chosen.named() && !mountedBy(t, chosen.names, have, v))
	})
	table := ui.VolumeTable(vs)
	if !opt.quiet {
		return table.Print(s.Out, opt.format)
	}
	for _, v := range table.Rows {
		ui.PrintLine(s.Out, v.Name)
	}
	return nil
}

// mountedBy reports whether one of the services mounts the volume, by the file
// if there is one, else by what runs.
func mountedBy(t target, services []string, have engine.Observed, v engine.Volume) bool {
	if t.project != nil {
		return slices.ContainsFunc(services, func(name string) bool {
			sv := t.project.Service(name)
			return sv != nil && slices.Contains(sv.Volumes, v.Labels[project.LabelVolume])
		})
	}
	return slices.ContainsFunc(have.Containers, func(c engine.Container) bool {
		return slices.Contains(services, c.Service) &&
			slices.ContainsFunc(c.Mounts, func(m engine.Mount) bool { return m.Name == v.Name })
	})
}
