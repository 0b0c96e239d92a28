package cmd

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

type eventsOptions struct {
	json         bool
	since, until string
}

func eventsCmd(s *setup) *cobra.Command {
	var opt eventsOptions
	c := &cobra.Command{
		Use: "events [OPTIONS] [SERVICE...]", Short: "Receive real time events from containers",
		RunE: func(c *cobra.Command, args []string) error { return runEvents(c.Context(), s, opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.json, "json", false, "Output events as a stream of json objects")
	f.StringVar(&opt.since, "since", "", "Show events since a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	f.StringVar(&opt.until, "until", "", "Stream events until a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	return c
}

func runEvents(ctx context.Context, s *setup, opt eventsOptions, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	chosen, err := eventServices(ctx, s.finder, e, name, args)
	if err != nil {
		return err
	}
	stream, err := e.EventsBetween(ctx, name, opt.since, opt.until)
	if err != nil {
		return err
	}
	defer stream.Close()
	known := acquaintances{engine: e, project: name, ours: map[string]bool{}}
	for {
		ev, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) && opt.until != "" {
			return nil
		}
		if err != nil {
			return err
		}
		if !chosen.has(ev.Service) {
			continue
		}
		concerned, err := known.concern(ctx, ev)
		if err != nil {
			return err
		}
		if !concerned {
			continue
		}
		if err := ui.PrintEvent(s.Out, ev, opt.json); err != nil {
			return err
		}
	}
}

// eventServices resolves the services whose events are wanted. What the files
// declare may have no container yet.
func eventServices(ctx context.Context, f *finder, e engine.Engine, name string, patterns []string) (choice, error) {
	if len(patterns) == 0 {
		return choice{}, nil
	}
	_, chosen, err := listChosen(ctx, f, e, target{name: name}, patterns)
	return chosen, err
}

// acquaintances tell the events of a project's containers from those of others
// that bear its labels.
type acquaintances struct {
	engine  engine.ContainerLister
	project string
	ours    map[string]bool // by container ID, where an event alone does not tell
}

// concern reports whether the event is of a replica or a hook of the project.
func (a acquaintances) concern(ctx context.Context, ev engine.Event) (bool, error) {
	m, sure := engine.OurEvent(ev, a.project)
	if sure {
		return m.Role == engine.Replica || m.Role == engine.HookContainer, nil
	}
	ours, known := a.ours[ev.Container.ID]
	if known {
		return ours, nil
	}
	cs, err := engine.ListOurs(ctx, a.engine, a.project, nil)
	if err != nil {
		return false, err
	}
	a.ours[ev.Container.ID] = slices.ContainsFunc(cs, func(c engine.Container) bool { return c.ID == ev.Container.ID && !c.OneOff })
	return a.ours[ev.Container.ID], nil
}
