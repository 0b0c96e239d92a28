package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
)

type attachOptions struct {
	detachKeys string
	index      int
	noStdin    bool
	sigProxy   bool
}

func attachCmd(s *setup) *cobra.Command {
	var opt attachOptions
	c := &cobra.Command{
		Use: "attach [OPTIONS] SERVICE", Short: "Attach local standard input, output, and error streams to a service's running container",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runAttach(c.Context(), s, opt, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&opt.detachKeys, "detach-keys", "", "Override the key sequence for detaching from a container")
	f.IntVar(&opt.index, "index", 0, "Index of the container if the service has several")
	f.BoolVar(&opt.noStdin, "no-stdin", false, "Do not attach STDIN")
	f.BoolVar(&opt.sigProxy, "sig-proxy", true, "Proxy all received signals to the process")
	return c
}

func runAttach(ctx context.Context, s *setup, opt attachOptions, service string) error {
	name, err := s.nameOnly(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	c, err := pickRunning(ctx, e, target{name: name}, service, opt.index)
	if err != nil {
		return err
	}
	if s.global.dryRun {
		s.inform("would attach to " + c.Name)
		return nil
	}
	seen, err := e.InspectContainer(ctx, c.Ref)
	if err != nil {
		return err
	}
	streams := engine.SessionOptions{TTY: seen.TTY, Stdin: !opt.noStdin, DetachKeys: opt.detachKeys, Remove: seen.AutoRemove}
	attached, err := e.AttachContainer(ctx, c.Ref, streams)
	if err != nil {
		return err
	}
	if opt.sigProxy && !seen.TTY {
		stop := forwardSignals(ctx, &s.interrupts, e, c.Ref)
		defer stop()
	}
	return stay(ctx, s.console, attached, streams)
}
