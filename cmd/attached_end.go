package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
)

// exited decides what the exit of a container means for the others.
func (a *attached) exited(ctx context.Context, o output.Output) {
	code, service := o.Exit.Code, o.Container.Service
	if a.errand != nil && a.errand.service == service {
		return // it is being restarted
	}
	counts := a.aborts(code)
	asked := slices.Contains(a.scope.code, service)
	completes := !asked && a.scope.completes(a.op.Want, service)
	if completes && code == 0 {
		return // it did what others wait for, even if they have been started since
	}
	if completes && a.applying != nil {
		if counts && a.stopping == 0 {
			a.blame(o.Container.Name, code) // the wait for it fails, and says more
		}
		return
	}
	if a.code == nil && asked {
		a.code = &code
	}
	if counts && a.stopping == 0 {
		a.blame(o.Container.Name, code)
		a.inform("Aborting on container exit...")
		a.end(ctx, errAborted)
	}
}

// aborts reports whether an exit with that code ends everything.
func (a *attached) aborts(code int) bool {
	return a.opt.abortOnExit || (a.opt.abortOnFailure && code != 0)
}

// culprit is the container whose exit everything is stopped for.
type culprit struct {
	name string
	code int
}

// blame takes note of the exit that ends everything, whose code is the command's
// unless another one was asked for.
func (a *attached) blame(name string, code int) {
	if a.culprit != nil {
		return
	}
	a.culprit = &culprit{name, code}
	if len(a.scope.code) == 0 {
		a.code = &code
	}
}

// blameOf takes note of the exit that a wait failed for: it may hear of it before
// the container's output has been read to its end.
func (a *attached) blameOf(err error) {
	var f *apply.Failure
	if errors.As(err, &f) && f.State == engine.Exited && a.aborts(f.ExitCode) {
		a.blame(f.Container.Name, f.ExitCode)
	}
}

var errAborted = errors.New("aborting on container exit")

// result is the end of the command.
func (a *attached) result() error {
	switch {
	case a.signal != nil:
		return &exitError{code: a.signal.exitCode()}
	case a.err != nil && a.culprit != nil && a.code != nil && *a.code != 0:
		return &exitError{code: *a.code, err: a.err}
	case a.err != nil:
		return a.err
	case a.detached:
		return nil
	case a.code != nil && *a.code != 0:
		return &exitError{code: *a.code}
	case a.code == nil && len(a.scope.code) > 0:
		return a.neverRan()
	}
	return nil
}

// neverRan says that, and as far as it is known why, there is no exit code.
func (a *attached) neverRan() error {
	text := "service " + strings.Join(a.scope.code, ", ") + " never ran, so that there is no exit code of it"
	if a.culprit != nil {
		text += fmt.Sprintf(": everything was stopped before, because %s exited with code %d", a.culprit.name, a.culprit.code)
	}
	return errors.New(text)
}
