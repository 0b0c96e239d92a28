package cmd

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

func waitCmd(s *setup) *cobra.Command {
	var down bool
	c := &cobra.Command{
		Use: "wait [OPTIONS] SERVICE [SERVICE...]", Short: "Block until containers of all (or specified) services stop.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runWait(c.Context(), s, down, args) },
	}
	c.Flags().BoolVar(&down, "down-project", false, "Take the project down when the first container stops")
	return c
}

// runWait prints the exit of every running container of the services as it comes,
// and ends with the code of the one that ended last.
func runWait(ctx context.Context, s *setup, down bool, args []string) error {
	t, err := s.fileOrName(ctx, args)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	names, none, err := serviceArgs(ctx, s.finder, s.engines, t, args)
	if err != nil {
		return err
	}
	cs, err := engine.ListOurs(ctx, e, t.name, t.project)
	if err != nil {
		return err
	}
	var waits []engine.Container
	for _, c := range cs {
		if !none && c.State == engine.Running && !c.OneOff && slices.Contains(names, c.Service) {
			waits = append(waits, c)
		}
	}
	if len(waits) == 0 {
		return fmt.Errorf("no containers for project %q", t.name)
	}
	code := 0
	if s.global.dryRun {
		for _, c := range waits {
			s.inform("would wait for " + c.Name)
		}
	} else if code, err = waitForAll(ctx, s.console, e, waits); err != nil {
		return err
	}
	if down {
		if err := runDown(ctx, s, downOptions{orphans: true}, nil); err != nil {
			return err
		}
	}
	return exitWith(code, nil)
}

func waitForAll(ctx context.Context, to *console, e engine.Containers, cs []engine.Container) (last int, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range cs {
		wg.Go(func() {
			code, failed := e.WaitContainer(ctx, c.Ref)
			mu.Lock()
			defer mu.Unlock()
			if failed != nil {
				if err == nil {
					err = failed
				}
				return
			}
			last = code
			_ = ui.PrintLine(to.Out, fmt.Sprintf("container %q exited with status code %d", c.ID, code)) // the code is returned all the same
		})
	}
	wg.Wait()
	return last, err
}
