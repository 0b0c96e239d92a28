package apply

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/musterdev/muster/engine"
)

const (
	// The time between two probes of a container grows from probeMin to probeMax.
	probeMin = 50 * time.Millisecond
	probeMax = time.Second
	// probeTimeout bounds a probe whose check does not say.
	probeTimeout = 30 * time.Second
)

// densely probes at once, then again and again with growing pauses, never
// denser than a probe takes, one at a time. It ends when a probe succeeds or
// says that there is no use.
func (w *wait) densely(ctx context.Context, probe func(context.Context) (bool, error)) (string, error) {
	for pause := probeMin; ; pause = min(pause*3/2, probeMax) {
		began := time.Now()
		ok, err := probe(ctx)
		if err == nil && ok {
			return "Healthy", nil
		}
		if pause == probeMin {
			close(w.probed)
		}
		if err != nil {
			return "", err
		}
		if err := sleep(ctx, max(pause, time.Since(began))); err != nil {
			return "", err
		}
	}
}

// probeExec runs the container's own health check inside it.
func (w *wait) probeExec(ctx context.Context) (string, error) {
	spec := engine.ExecSpec{Command: checkCommand(*w.seen.HealthCheck)}
	if len(spec.Command) == 0 {
		return "", errNoProbe
	}
	timeout := w.seen.HealthCheck.Timeout
	if timeout <= 0 {
		timeout = probeTimeout
	}
	return w.densely(ctx, func(ctx context.Context) (bool, error) {
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		result, err := w.run.engine.Exec(limited, w.container, spec)
		switch {
		case errors.Is(err, engine.ErrUnsupported):
			return false, errNoProbe
		case err != nil: // too slow, paused, restarting: the next may succeed
			return false, nil
		case result.ExitCode == 126 || result.ExitCode == 127:
			return false, errNoProbe // there is no such program: the engine will tell
		case result.ExitCode != 0:
			w.refused = &result
		}
		return result.ExitCode == 0, nil
	})
}

// checkCommand is a health check as the command that the engine would run.
func checkCommand(h engine.HealthCheck) []string {
	if len(h.Test) < 2 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		shell := h.Shell
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		return slices.Concat(shell, h.Test[1:])
	}
	return nil
}
