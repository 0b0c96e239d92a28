package foreground

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/project"
)

// verdict is what an attached up comes to: an exit code, an error, or neither.
type verdict struct {
	project        *project.Project
	scope          Scope
	abortOnExit    bool
	abortOnFailure bool

	ending   error // why everything is to be stopped; nil if it is not
	signal   *host.Interrupt
	code     *int     // the exit code that was asked for, once it is known
	culprit  *culprit // the exit that everything is stopped for
	detached bool     // or going to be
	err      error
}

// culprit is the container whose exit everything is stopped for.
type culprit struct {
	name string
	code int
}

// activity is what goes on when something is heard of.
type activity struct {
	converging bool
	stopping   bool
	own        bool // the command's own operation stops the container on the way
}

// exited takes note of the exit of a container, and reports whether everything is
// to be stopped for it.
func (v *verdict) exited(o output.Output, now activity) (aborts bool) {
	code, service := o.Exit.Code, o.Container.Service
	if now.own && !now.stopping {
		return false
	}
	counts := v.aborts(code) && !now.stopping
	asked := slices.Contains(v.scope.code, service)
	completes := !asked && v.scope.completes(v.project, service)
	if completes && code == 0 {
		return false // it did what others wait for, even if they have been started since
	}
	if v.code == nil && asked {
		v.code = &code
	}
	if counts {
		v.blame(o.Container.Name, code)
	}
	return counts && !(completes && now.converging) // then the wait for it fails, and says more
}

// aborts reports whether an exit with that code ends everything.
func (v *verdict) aborts(code int) bool {
	return v.abortOnExit || v.abortOnFailure && code != 0
}

// blame takes note of the exit that ends everything, whose code is the command's
// unless another one was asked for.
func (v *verdict) blame(name string, code int) {
	if v.culprit != nil {
		return
	}
	v.culprit = &culprit{name, code}
	if len(v.scope.code) == 0 {
		v.code = &code
	}
}

// blameOf takes note of the exit that a wait failed for: it may hear of it before
// the container's output has been read to its end.
func (v *verdict) blameOf(err error) {
	var f *apply.Failure
	if errors.As(err, &f) && f.State == engine.Exited && v.aborts(f.ExitCode) {
		v.blame(f.Container.Name, f.ExitCode)
	}
}

var errAborted = errors.New("aborting on container exit")

// stopped takes note of a failure that comes with the end of the command and is
// more than that end. What it does not keep is to be told at once.
func (v *verdict) stopped(err error) (tell error) {
	var rest []error
	for _, e := range causes(err) {
		if !errors.Is(e, v.ending) && !errors.Is(e, context.Canceled) {
			rest = append(rest, e)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	if v.signal == nil && v.err == nil && !errors.Is(v.ending, errAborted) {
		v.err = errors.Join(rest...)
		return nil
	}
	return errors.Join(rest...)
}

// causes are the errors that were joined.
func causes(err error) []error {
	if _, step := err.(*apply.StepError); !step {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			return joined.Unwrap()
		}
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// result is the end of the command: its exit code, if another than the error's,
// and what is to be said.
func (v *verdict) result() (code int, err error) {
	switch {
	case v.signal != nil:
		return v.signal.ExitCode(), nil
	case v.err != nil && v.culprit != nil && v.code != nil && *v.code != 0:
		return *v.code, v.err
	case v.err != nil:
		return 0, v.err
	case v.detached:
		return 0, nil
	case v.code != nil:
		return *v.code, nil
	case len(v.scope.code) > 0:
		return 0, v.neverRan()
	}
	return 0, nil
}

// neverRan says that, and as far as it is known why, there is no exit code.
func (v *verdict) neverRan() error {
	text := "service " + strings.Join(v.scope.code, ", ") + " never ran, so it has no exit code"
	if v.culprit != nil {
		text += fmt.Sprintf(": everything was stopped first, because %s exited with code %d", v.culprit.name, v.culprit.code)
	}
	return errors.New(text)
}
