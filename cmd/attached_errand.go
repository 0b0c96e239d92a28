package cmd

import (
	"context"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
)

// errand is something that runs beside an attached up until it is done, or until
// something is to be stopped.
type errand struct {
	what    string
	service string // whose exits are part of it; may be empty
	cancel  context.CancelFunc
	done    chan error
}

func startErrand(ctx context.Context, what, service string, do func(context.Context) error) *errand {
	ctx, cancel := context.WithCancel(ctx)
	e := &errand{what: what, service: service, cancel: cancel, done: make(chan error, 1)}
	go func() { e.done <- do(ctx) }()
	return e
}

// ended receives how it ended; nil if there is none.
func (e *errand) ended() <-chan error {
	if e == nil {
		return nil
	}
	return e.done
}

// end ends it and waits.
func (e *errand) end() {
	if e != nil {
		e.cancel()
		<-e.done
	}
}

// complain says why an errand ended before its time.
func (a *attached) complain(e *errand, err error) {
	if err != nil {
		a.printer.Warn(e.what + ": " + ui.ErrorText(err))
	}
}

// watch begins to do what develop.watch says.
func (a *attached) watch(ctx context.Context) error {
	r := a.armed
	if a.armed = nil; r == nil {
		var err error
		if r, err = a.arm(ctx); err != nil {
			return err
		}
	}
	a.watching = startErrand(ctx, "watch", "", func(ctx context.Context) error {
		defer r.Close()
		return r.work(ctx)
	})
	return nil
}

func (a *attached) disarm() {
	if a.armed != nil {
		a.armed.Close()
		a.armed = nil
	}
}

// arm notices changes of files from now on.
func (a *attached) arm(ctx context.Context) (*refresher, error) {
	rules, err := a.watchRules(a.op.target.project, a.named)
	if err != nil {
		return nil, err
	}
	return a.armWatch(ctx, a.op.target.project, rules, watchOptions{quiet: a.opt.quietBuild})
}

func (a *attached) unwatch() {
	a.watching.end()
	a.watching = nil
}

// restart restarts a service beside everything else.
func (a *attached) restart(ctx context.Context, service string) {
	want := a.op.target.project
	op := operation{name: "restart", target: a.op.target, plan: func(have convergence.Observed) (convergence.Plan, error) {
		return convergence.PlanRestart(want, have, convergence.RestartOptions{Services: []string{service}})
	}}
	a.errand = startErrand(ctx, "restart "+service, service, func(ctx context.Context) error { return a.session.run(ctx, op) })
}

// abandon ends whatever runs beside: what is stopped from now on stays so.
func (a *attached) abandon() {
	a.unsupervise()
	a.unwatch()
	a.disarm()
	a.errand.end()
	a.errand = nil
}
