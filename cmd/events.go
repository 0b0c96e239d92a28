package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

type eventsOptions struct {
	json         bool
	since, until string
}

func (s *session) eventsCmd() *cobra.Command {
	var opt eventsOptions
	c := &cobra.Command{
		Use: "events [OPTIONS] [SERVICE...]", Short: "Receive real time events from containers",
		RunE: func(c *cobra.Command, args []string) error { return s.events(c.Context(), opt, args) },
	}
	f := c.Flags()
	f.BoolVar(&opt.json, "json", false, "Output events as a stream of json objects")
	f.StringVar(&opt.since, "since", "", "Show events since a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	f.StringVar(&opt.until, "until", "", "Stream events until a time (2013-01-02T13:23:37Z) or a duration ago (42m)")
	return c
}

// chronicler is an engine that tells of a span of time.
type chronicler interface {
	EventsBetween(ctx context.Context, project, since, until string) (convergence.EventStream, error)
}

func (s *session) events(ctx context.Context, opt eventsOptions, args []string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	chronicle, ok := e.(chronicler)
	if !ok {
		return fmt.Errorf("events of the past: %w", convergence.ErrUnsupported)
	}
	stream, err := chronicle.EventsBetween(ctx, name, opt.since, opt.until)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		ev, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) && opt.until != "" {
			return nil
		}
		if err != nil {
			return err
		}
		if !concerned(ev, args) {
			continue
		}
		if err := ui.PrintEvent(s.Out, ev, opt.json, s.Terminal.Out); err != nil {
			return err
		}
	}
}

// concerned reports whether the event is of one of the services and no one-off's.
func concerned(ev convergence.Event, patterns []string) bool {
	if ev.Attributes[project.LabelOneOff] == "True" {
		return false
	}
	return len(patterns) == 0 || len(matchServices([]convergence.Container{{Service: ev.Service}}, patterns)) > 0
}
