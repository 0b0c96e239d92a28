package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/transfer"
)

type cpOptions struct {
	transfer.Options
	index int
	all   bool
}

func cpCmd(s *setup) *cobra.Command {
	var opt cpOptions
	c := &cobra.Command{
		Use:   "cp [OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n  muster cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH",
		Short: "Copy files/folders between a service container and the local filesystem",
		Args:  cobra.ExactArgs(2),
		RunE:  func(c *cobra.Command, args []string) error { return runCp(c.Context(), s, opt, args[0], args[1]) },
	}
	f := c.Flags()
	f.IntVar(&opt.index, "index", 0, "Index of the container if the service has several")
	f.BoolVar(&opt.all, "all", false, "Include containers created by the run command")
	f.BoolVarP(&opt.FollowLink, "follow-link", "L", false, "Always follow symbol link in SRC_PATH")
	f.BoolVarP(&opt.Archive, "archive", "a", false, "Archive mode (copy all uid/gid information)")
	return c
}

// splitContainerPath reads SERVICE:PATH. What starts like a path is one.
func splitContainerPath(arg string) (service, path string) {
	if strings.HasPrefix(arg, ".") || filepath.IsAbs(arg) || arg == "-" {
		return "", arg
	}
	service, path, found := strings.Cut(arg, ":")
	if !found {
		return "", arg
	}
	return service, path
}

func runCp(ctx context.Context, s *setup, opt cpOptions, source, destination string) error {
	fromService, from := splitContainerPath(source)
	toService, to := splitContainerPath(destination)
	switch {
	case fromService != "" && toService != "":
		return fmt.Errorf("copying between services is not supported: copy to this host first")
	case fromService == "" && toService == "":
		return fmt.Errorf("neither %q nor %q names a service: write SERVICE:PATH for one of them", source, destination)
	case from == "" || to == "":
		return fmt.Errorf("a path is missing: write SERVICE:PATH")
	}
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	service := fromService + toService
	cs, err := containersOf(ctx, e, target{name: name}, service, func(c engine.Container) bool {
		return (opt.all || !c.OneOff) && (opt.index == 0 || c.Number == opt.index)
	})
	if err != nil {
		return err
	}
	if len(cs) == 0 {
		return fmt.Errorf("no container found for service %q", service)
	}
	if fromService != "" {
		return copying(s.console, cs[0], source, destination, func() error {
			return transfer.Out(ctx, e, cs[0].Ref, from, s.hostPath(to), s.Out, opt.Options)
		})
	}
	if from == "-" {
		cs = cs[:1] // standard input can be read once
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range cs {
		group.Go(func() error {
			return copying(s.console, c, source, destination, func() error {
				return transfer.In(ctx, e, c.Ref, s.hostPath(from), to, s.In, opt.Options)
			})
		})
	}
	return group.Wait()
}

// copying reports a copy as it begins and ends; one to standard output is silent.
func copying(to *console, c engine.Container, source, destination string, work func() error) error {
	details := source + " to " + destination
	if destination == "-" || to.flags.dryRun {
		if to.flags.dryRun {
			to.inform("would copy " + details + " (" + c.Name + ")")
			return nil
		}
		return work()
	}
	to.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Working, Text: "Copying", Details: details})
	if err := work(); err != nil {
		to.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Failed, Text: "Error", Details: err.Error(), Err: err})
		return err
	}
	to.printer.Report(engine.Progress{ID: c.Name, Phase: engine.Done, Text: "Copied", Details: details})
	return nil
}
