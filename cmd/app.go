// Package cmd is the command line: flags into a struct, one call, an exit code.
//
// Each command has a file of its own. Streams, environment, directory, engine
// and signals come from App, so that a test can run Main in process. One place
// prints errors and one function turns them into exit codes.
package cmd

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/musterdev/muster/convergence/apply"
	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/ui"
)

// App is what the process gives to the commands.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	Env      []string // K=V
	Dir      string   // working directory; empty is the process's
	Version  string   // without a leading v
	Terminal Terminal
	// Connect reaches an engine. It is called at most once per command.
	Connect Connect
	// Signals subscribes to interrupts and termination requests; stop ends it.
	Signals func() (signals <-chan os.Signal, stop func())
	// Leave ends the process at once; nil leaves that to the signal that asks for it.
	Leave func(code int)
	// LockDir holds the project locks; empty is a folder of the machine. See lock.Folders.
	LockDir string
	// UnitDir is where systemd looks for units that an administrator adds; empty is
	// its folder on every system.
	UnitDir string
	// Program is the name that the binary was called under; empty is muster.
	Program string
}

// Terminal tells which streams are terminals.
type Terminal struct {
	In, Out, Err bool
	Screen       ui.Screen // size of the terminal; nil if there is none
	// Raw makes the input's terminal pass every key on until restore is called.
	Raw func() (restore func(), err error)
	// Keys makes the input's terminal hand over each key at once, and not show it,
	// until restore is called. Keys that send signals do so. resumed is called when
	// the process was stopped and has the terminal again. Nil if there is no such mode.
	Keys func(resumed func()) (restore func(), err error)
	// Resized tells of changes of the terminal's size until stop is called.
	Resized func() (changes <-chan struct{}, stop func())
}

// size is the size of the output's terminal, or zero.
func (t Terminal) size() (columns, rows int) {
	if t.Screen == nil {
		return 0, 0
	}
	return t.Screen()
}

// Main runs the command that the arguments name and returns its exit code.
func Main(app *App, args []string) int {
	s := newSetup(app)
	ctx, stop := s.interrupts.start(context.Background(), app.Signals, app.Leave)
	err := invoke(ctx, s, args)
	s.close()
	stop()
	if !silent(err) {
		ui.PrintError(app.Err, readable(ctx, s, err), s.errorStyle())
	}
	return exitCode(ctx, err)
}

// exitError carries an exit code: a container's, or one that the reference
// fixes. Err is printed if there is one.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// silent reports that an error is a mere exit code.
func silent(err error) bool {
	var exit *exitError
	return errors.As(err, &exit) && exit.err == nil
}

// exitCode follows the reference: the code that the error carries, 128 and the
// signal that ended the command, 0 or 1. A command that a signal found at its
// last step, which was finished, was interrupted all the same: a script that
// runs one after the other is to end.
func exitCode(ctx context.Context, err error) int {
	var exit *exitError
	var sig *host.Interrupt
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &sig), errors.As(context.Cause(ctx), &sig):
		return sig.ExitCode()
	case err == nil:
		return 0
	}
	return 1
}

// readable replaces what cancellation made of an error by its cause, and makes
// the command that a failure recommends one that finds the project.
func readable(ctx context.Context, s *setup, err error) error {
	var sig *host.Interrupt
	if errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &sig) {
		return sig
	}
	var failure *apply.Failure
	if errors.As(err, &failure) && len(failure.Next) > 0 {
		failure.Program, failure.Next = calledAs(s.app.Program, s.asPlugin), append(s.projectFlags(), failure.Next...)
	}
	return err
}
