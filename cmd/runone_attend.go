package cmd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// attend attaches to the created container, starts it and stays until it ends.
func attend(ctx context.Context, s *setup, c engine.Ref, opt runOptions) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	if opt.detach {
		return startDetached(ctx, s.console, e, c)
	}
	streams := engine.SessionOptions{TTY: opt.TTY, Stdin: opt.Stdin, Remove: opt.Remove}
	attached, err := e.AttachContainer(ctx, c, streams)
	if err := startOneOff(ctx, e, c, err); err != nil {
		return err
	}
	if !opt.TTY {
		stop := forwardSignals(ctx, &s.interrupts, e, c)
		defer stop()
	}
	return stay(ctx, s.console, attached, streams)
}

// startOneOff starts the container unless something failed before. What cannot be
// started goes, and so does what was started while a signal came: nobody has been
// told of it, and nothing is lost with it.
func startOneOff(ctx context.Context, e engine.Engine, c engine.Ref, failed error) error {
	whole := context.WithoutCancel(ctx) // a start cut off could take effect after the removal
	if failed == nil && ctx.Err() == nil {
		failed = e.StartContainer(whole, c)
	}
	if failed == nil && ctx.Err() != nil {
		failed = context.Cause(ctx)
	}
	if failed != nil {
		_ = e.RemoveContainer(whole, c, true) // why it is to go matters more
	}
	return failed
}

// discardOneOff removes the container if it was created before the run failed,
// with a file that could not be copied into it or beside another step: it was never
// started, and nobody will. One of the same name that is not of this run stays.
func discardOneOff(ctx context.Context, f *engines, name, slug string, failed error) {
	e, err := f.engine()
	if failed == nil || err != nil || errors.Is(failed, engine.ErrUnreachable) {
		return
	}
	whole := context.WithoutCancel(ctx)
	if seen, err := e.InspectContainer(whole, engine.Ref{Name: name}); err == nil && seen.Labels[project.LabelSlug] == slug {
		_ = e.RemoveContainer(whole, seen.Ref, true) // why it is to go matters more
	}
}

func startDetached(ctx context.Context, to *console, e engine.Engine, c engine.Ref) error {
	if err := startOneOff(ctx, e, c, nil); err != nil {
		return err
	}
	seen, err := e.InspectContainer(ctx, c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to.Out, seen.ID)
	return err
}

// newSlug is 64 hexadecimal digits that tell one-off containers apart.
func newSlug() (string, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a name: %w", err)
	}
	return strings.ToLower(hex.EncodeToString(b[:])), nil
}
