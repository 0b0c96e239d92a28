package foreground

import (
	"context"
	"fmt"
	"slices"

	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
	"github.com/musterdev/muster/project"
)

func (a *attached) closeMenu() {
	if a.menu != nil {
		a.Printer.Footer("")
		a.menu.restore()
		a.menu = nil
	}
}

func (a *attached) showMenu() {
	switch {
	case a.menu == nil:
	case a.stopper.how > 0:
		a.Printer.Footer("")
	default:
		watching := a.watching != nil || a.converging != nil && a.watcher.wanted // which w ends
		a.Printer.Footer(a.menu.line(a.choosable(), a.watcher.possible(), watching))
	}
}

// choosable are the services that have a key.
func (a *attached) choosable() []string {
	return a.Scope.attached[:min(len(a.Scope.attached), len(serviceKeys))]
}

// press does what a key asks for.
func (a *attached) press(ctx context.Context, key byte) {
	defer a.showMenu()
	if a.stopper.how > 0 {
		return
	}
	switch what, service := a.menu.press(key, a.choosable()); what {
	case newLine:
		a.Printer.Around(func() { fmt.Fprintln(a.Out) })
	case detach:
		a.detach()
	case toggleWatch:
		a.toggleWatch(ctx)
	case showLogs:
		a.showLogs(ctx, service)
	case restart:
		a.restartByKey(ctx, service)
	}
}

// showLogs shows the output of one service, or that of all.
func (a *attached) showLogs(ctx context.Context, service string) {
	if service == "" {
		a.follower.showAll()
		a.Inform("Output of all services")
		return
	}
	a.Inform("Output of " + service)
	if err := a.follower.showOnly(ctx, service); err != nil {
		a.Printer.Warn("logs of " + service + ": " + ui.ErrorText(err))
	}
}

func (a *attached) restartByKey(ctx context.Context, service string) {
	switch {
	case a.converging != nil:
		a.restart = service
		a.Inform(fmt.Sprintf("Restarting %s once everything is started", service))
	case a.keyAction != nil:
		a.Inform(fmt.Sprintf("still running: %s", a.keyAction.name))
	default:
		a.restartNow(ctx, service)
	}
}

// restartNow restarts a service beside everything else.
func (a *attached) restartNow(ctx context.Context, service string) {
	op := operation.Restart(a.Project, service)
	a.keyAction = a.workers.start(ctx, "restart "+service, func(ctx context.Context) error { return a.Run(ctx, op) })
}

func (a *attached) toggleWatch(ctx context.Context) {
	switch {
	case a.watching != nil:
		a.watching.interrupt(errEnded) // what is being done on the engine is finished
		a.watching = nil
		a.Inform("Watch disabled")
	case a.converging != nil && a.watcher.wanted:
		a.watcher.wanted = false
		a.watcher.disarm()
		a.Inform("Watch disabled")
	case a.converging != nil && a.watcher.possible():
		if err := a.watcher.arm(ctx); err != nil {
			a.Printer.Warn(err.Error())
			return
		}
		a.watcher.wanted = true
		a.Inform("Watch is enabled once everything is started")
	case a.watcher.possible():
		if err := a.watch(ctx); err != nil {
			a.Printer.Warn(err.Error())
		}
	}
}

// watch begins to do what develop.watch says.
func (a *attached) watch(ctx context.Context) error {
	w, err := a.watcher.take(ctx)
	if err != nil {
		return err
	}
	a.watching = a.workers.start(ctx, "watch", func(ctx context.Context) error {
		defer w.Close()
		return w.Work(ctx)
	})
	return nil
}

// watcher has a watch that notices changes already, while services start.
type watcher struct {
	Options
	wanted bool // once everything is started
	armed  *Watch
}

// possible reports whether a service declares develop.watch.
func (w *watcher) possible() bool {
	return slices.ContainsFunc(w.Project.Services, func(sv *project.Service) bool { return sv.Spec.Develop != nil && len(sv.Spec.Develop.Watch) > 0 })
}

// arm notices changes of files from now on.
func (w *watcher) arm(ctx context.Context) error {
	rules, err := WatchRules(w.Project, w.Watched, w.Printer.Warn)
	if err != nil {
		return err
	}
	w.armed, err = ArmWatch(ctx, WatchOptions{Parts: w.Parts, Rules: rules, QuietBuild: w.QuietBuild})
	return err
}

func (w *watcher) disarm() {
	if w.armed != nil {
		w.armed.Close()
		w.armed = nil
	}
}

// take hands over the watch, armed now if it was not before.
func (w *watcher) take(ctx context.Context) (*Watch, error) {
	if w.armed == nil {
		if err := w.arm(ctx); err != nil {
			return nil, err
		}
	}
	taken := w.armed
	w.armed = nil
	return taken, nil
}
