package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
)

type statsOptions struct {
	all      bool
	format   string
	noStream bool
	noTrunc  bool
}

func (s *session) statsCmd() *cobra.Command {
	var opt statsOptions
	c := &cobra.Command{
		Use: "stats [OPTIONS] [SERVICE]", Short: "Display a live stream of container(s) resource usage statistics",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return s.stats(c.Context(), opt, args) },
	}
	f := c.Flags()
	f.BoolVarP(&opt.all, "all", "a", false, "Show all containers (default shows just running)")
	f.StringVar(&opt.format, "format", "", "Format the output: table, json, or a Go template")
	f.BoolVar(&opt.noStream, "no-stream", false, "Disable streaming stats and only pull the first result")
	f.BoolVar(&opt.noTrunc, "no-trunc", false, "Do not truncate output")
	return c
}

func (s *session) stats(ctx context.Context, opt statsOptions, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, inside, err := s.sessions()
	if err != nil {
		return err
	}
	cs, err := e.ListContainers(ctx, convergence.ContainerFilter{Project: name})
	if err != nil {
		return err
	}
	names := matchServices(cs, args)
	if len(args) > 0 && len(names) == 0 {
		return fmt.Errorf("no such service: %s", args[0])
	}
	cs = slices.DeleteFunc(cs, func(c convergence.Container) bool {
		return len(args) > 0 && !slices.Contains(names, c.Service) || !opt.all && c.State != convergence.Running
	})
	slices.SortFunc(cs, func(a, b convergence.Container) int { return cmp.Compare(a.Name, b.Name) })
	if opt.noStream || !s.Terminal.Out {
		return s.statsOnce(ctx, inside, cs, opt)
	}
	return s.statsLive(ctx, inside, cs, opt)
}

// statsOnce measures every container once, all at the same time.
func (s *session) statsOnce(ctx context.Context, inside convergence.Sessions, cs []convergence.Container, opt statsOptions) error {
	board := newStatsBoard(cs)
	if err := board.measure(ctx, inside, false); err != nil {
		return err
	}
	return ui.StatsTable(board.snapshot(), opt.noTrunc).Print(s.Out, opt.format)
}

// statsLive redraws a table as measurements come, twice a second at the most.
func (s *session) statsLive(ctx context.Context, inside convergence.Sessions, cs []convergence.Container, opt statsOptions) error {
	board := newStatsBoard(cs)
	measured := make(chan error, 1)
	go func() { measured <- board.measure(ctx, inside, true) }()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		var screen bytes.Buffer
		screen.WriteString("\x1b[2J\x1b[H")
		if err := ui.StatsTable(board.snapshot(), opt.noTrunc).Print(&screen, opt.format); err != nil {
			return err
		}
		if _, err := s.Out.Write(screen.Bytes()); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case err := <-measured:
			return err
		}
	}
}

// statsBoard holds the last measurement of every container.
type statsBoard struct {
	mu  sync.Mutex
	all []ui.Measured
}

func newStatsBoard(cs []convergence.Container) *statsBoard {
	b := &statsBoard{all: make([]ui.Measured, len(cs))}
	for i, c := range cs {
		b.all[i].Container = c
	}
	return b
}

func (b *statsBoard) snapshot() []ui.Measured {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// measure fills the board until ctx or all containers end. A container that is
// gone is no error.
func (b *statsBoard) measure(ctx context.Context, inside convergence.Sessions, follow bool) error {
	var wg sync.WaitGroup
	errs := make([]error, len(b.all))
	for i, m := range b.snapshot() {
		if m.State != convergence.Running {
			continue
		}
		wg.Go(func() {
			err := inside.Stats(ctx, m.Ref, follow, func(st convergence.Stats) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.all[i].Stats, b.all[i].Valid = st, true
				return nil
			})
			if !errors.Is(err, convergence.ErrNotFound) {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
