package cmd

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
)

func (s *session) topCmd() *cobra.Command {
	return &cobra.Command{
		Use: "top [SERVICES...]", Short: "Display the running processes",
		RunE: func(c *cobra.Command, args []string) error { return s.top(c.Context(), args) },
	}
}

func (s *session) top(ctx context.Context, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	sessions, ok := e.(convergence.Sessions)
	if !ok {
		return fmt.Errorf("list processes: %w", convergence.ErrUnsupported)
	}
	cs, err := e.ListContainers(ctx, convergence.ContainerFilter{Project: name})
	if err != nil {
		return err
	}
	if len(args) > 0 {
		names := matchServices(cs, args)
		cs = slices.DeleteFunc(cs, func(c convergence.Container) bool { return !slices.Contains(names, c.Service) })
	}
	var table ui.ProcessTable
	for _, c := range cs {
		if c.State != convergence.Running {
			continue
		}
		titles, processes, err := sessions.Top(ctx, c.Ref)
		if err != nil {
			return err
		}
		number := ""
		if !c.OneOff {
			number = strconv.Itoa(c.Number)
		}
		table.Add(c.Service, number, titles, processes)
	}
	return table.Print(s.Out, s.Terminal.Out)
}
