package foreground

import (
	"context"
	"errors"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/restartpolicy"
)

// embeddedSupervisor is the supervisor inside an attached up. It runs from the moment in
// which everything is up to the moment in which something is to be stopped.
type embeddedSupervisor struct {
	busy chan bool // whether a container runs or is going to be started, when that changes
}

// startSupervisor begins to keep what only a supervisor keeps, if a service
// declares any of it, and unless another supervisor does it already: then there
// is none.
func startSupervisor(ctx context.Context, g *group, opt Options) *embeddedSupervisor {
	p := opt.Project
	if len(keeper.Needed(p, opt.Scope.started)) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &embeddedSupervisor{busy: make(chan bool)}
	tell := func(busy bool) {
		select {
		case c.busy <- busy:
		case <-ctx.Done():
		}
	}
	keep := opt.Keeper
	keep.Engine, keep.Feed, keep.Project, keep.Services, keep.HookOutput = opt.Engine, opt.Feed, p, opt.Scope.started, opt.Hooks
	keep.Busy, keep.BusyWith = tell, opt.Scope.attached
	keep.Report, keep.Audit = opt.Printer, func(r supervise.Record) { auditDue(opt.Printer, r) }
	k, err := keeper.Take(ctx, keep)
	if err != nil {
		cancel()
		if held := (*lock.HeldError)(nil); !errors.As(err, &held) {
			opt.Printer.Warn("the supervisor could not start: " + err.Error())
		}
		return nil
	}
	g.add(&actor{name: "supervise", interrupt: func(error) { cancel() }}, func() error {
		defer k.Release()
		err := k.Run(ctx)
		if ctx.Err() == nil {
			opt.Printer.Warn("the supervisor stopped: " + err.Error())
			tell(false)
		}
		return err
	})
	return c
}

// auditDue shows what the supervisor is about to do and what it could not.
func auditDue(printer ui.Printer, r supervise.Record) {
	due := r.Kind == supervise.RecordDecision && r.Decision.Action != restartpolicy.Leave
	if due || r.Err != nil || r.Alert != supervise.AlertNone {
		printer.Info("supervisor: " + ui.EscapeText(r.String()))
	}
}

// changes tell whether it is busy; nil if there is none.
func (c *embeddedSupervisor) changes() <-chan bool {
	if c == nil {
		return nil
	}
	return c.busy
}
