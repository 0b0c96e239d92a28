package cmd

import (
	"context"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/foreground"
	"github.com/musterdev/muster/internal/keeper"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

// foregroundParts are what a command in the foreground works with.
func foregroundParts(s *setup, e engine.Engine, p *project.Project, logs *ui.Logs) foreground.Parts {
	return foreground.Parts{
		Engine: e, Project: p, Run: func(ctx context.Context, op operation.Operation) error { return operate(ctx, s, op) },
		Printer: s.printer, Inform: s.inform, Out: s.Out, Hooks: logs.Hook,
	}
}

// runAttached runs up in the foreground.
func runAttached(ctx context.Context, s *setup, op operation.Operation, opt upOptions, args []string) error {
	e, err := s.engine()
	if err != nil {
		return err
	}
	p := op.Want
	scope, err := foreground.NewScope(p, foreground.ScopeOptions{
		Services: args, NoDeps: opt.noDeps, AttachDeps: opt.attachDeps, Attach: opt.attach, NoAttach: opt.noAttach, ExitCodeFrom: opt.exitCodeFrom,
	})
	if err != nil {
		return err
	}
	s.usePrinter(ui.PrinterOptions{HideStarts: true})
	spool := ui.NewSpool(s.printer.Around)
	logs := ui.NewLogs(spool.Writer(s.Out), spool.Writer(s.Err), ui.LogStyle{
		Project: p.Name,
		Color:   s.color(s.Terminal.Out) && !opt.noColor, NoPrefix: opt.noPrefix,
		Timestamps: opt.timestamps, Terminal: s.Terminal.Out,
	})
	s.hooks = logs.Hook
	fg := foreground.Options{
		Parts: foregroundParts(s, e, p, logs), Converge: op, Scope: scope,
		AbortOnExit: opt.abortOnExit || opt.exitCodeFrom != "" && !opt.abortOnFailure, AbortOnFailure: opt.abortOnFailure,
		Watched: args, Watch: opt.watch, QuietBuild: opt.quietBuild, Logs: logs, TakeSignals: s.interrupts.take,
		Keeper:   keeper.Options{Place: s.lockOptions(e, p.Name, "supervise"), Acquire: s.acquire, Env: s.app.Env},
		Detached: func(ctx context.Context) { remindOfSupervisor(ctx, s, p) },
	}
	if t := s.Terminal; opt.menu && t.In && t.Out && t.Err && s.mode == ui.TTY {
		fg.Keys = foreground.Keys{In: s.In, Mode: t.Keys}
	}
	code, err := foreground.Up(ctx, fg)
	if code != 0 {
		err = &exitError{code: code, err: err}
	}
	if closeErr := logs.Close(); err == nil {
		err = closeErr
	}
	if closeErr := spool.Close(); err == nil {
		err = closeErr
	}
	return err
}
