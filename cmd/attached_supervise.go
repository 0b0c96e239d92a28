package cmd

import (
	"context"
	"errors"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/restartpolicy"
)

// companion is the supervisor inside an attached up. It runs from the moment in
// which everything is up to the moment in which something is to be stopped.
type companion struct {
	cancel context.CancelFunc
	done   chan struct{}
	busy   chan bool // whether a container runs or is going to be started, when that changes
}

// supervise begins to keep what only a supervisor keeps, if a service declares
// any of it, and unless another supervisor does it already. An up that is to
// end with the first container that exits restarts none.
func (a *attached) supervise(ctx context.Context) {
	p := a.op.Want
	if a.opt.abortOnExit || a.opt.abortOnFailure || len(keeper.Needed(p, a.scope.started)) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &companion{cancel: cancel, done: make(chan struct{}), busy: make(chan bool)}
	tell := func(busy bool) {
		select {
		case c.busy <- busy:
		case <-ctx.Done():
		}
	}
	k, err := keeper.Take(ctx, keeper.Options{
		Engine: a.engine, Project: p, Services: a.scope.started, Place: a.lockOptions(a.engine, p.Name, "supervise"), Acquire: a.acquire, Report: a.printer,
		Audit: a.auditLine, Env: a.app.Env, HookOutput: a.hooks, Busy: tell, BusyWith: a.scope.attached,
	})
	if err != nil {
		cancel()
		if held := (*lock.HeldError)(nil); !errors.As(err, &held) {
			a.printer.Warn("the restart policies are not supervised: " + err.Error())
		}
		return
	}
	a.keeper, a.kept = c, true
	go func() {
		defer close(c.done)
		defer k.Release()
		err := k.Run(ctx)
		if ctx.Err() == nil {
			a.printer.Warn("the restart policies are not supervised any more: " + err.Error())
			tell(false)
		}
	}()
}

// auditLine shows what the supervisor is about to do and what it could not.
func (a *attached) auditLine(r supervise.Record) {
	due := r.Kind == supervise.RecordDecision && r.Decision.Action != restartpolicy.Leave
	if due || r.Err != nil || r.Alert != supervise.AlertNone {
		a.printer.Info("supervisor: " + ui.EscapeText(r.String()))
	}
}

// keeperBusy receives from the supervisor inside; nil if there is none.
func (a *attached) keeperBusy() <-chan bool {
	if a.keeper == nil {
		return nil
	}
	return a.keeper.busy
}
