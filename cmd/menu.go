package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/musterdev/muster/convergence/output"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/internal/ui"
)

// menuTail is how many lines of the past are shown of a service that is chosen.
const menuTail = 20

// menu is what the keys do in an attached up on a terminal.
type menu struct {
	keys    chan byte
	restore func()
	pick    func(service string) // what a choice is for; nil at the top
	title   string               // of the choice
	restart string               // the service to restart once everything is started
}

// choices are the keys that choose a service, in their order.
const choices = "123456789abcefghijklmnopqstuvwxyz"

// openMenu shows the menu if this is a terminal that can have one.
func (a *attached) openMenu(ctx context.Context) {
	t := a.Terminal
	if !a.opt.menu || !t.In || !t.Out || !t.Err || a.mode != ui.TTY || t.Keys == nil {
		return
	}
	back := make(chan struct{}, 1)
	restore, err := t.Keys(func() {
		a.printer.Redraw()
		select {
		case back <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return // then it has no menu
	}
	a.menu = &menu{keys: make(chan byte), restore: restore}
	go a.menu.read(ctx, a.In.Read, back)
	a.showMenu()
}

// read hands the keys over. A read in the background fails: it waits until the
// terminal is ours again.
func (m *menu) read(ctx context.Context, from func([]byte) (int, error), back <-chan struct{}) {
	var key [1]byte
	for {
		n, err := from(key[:])
		switch {
		case n == 1:
			select {
			case m.keys <- key[0]:
			case <-ctx.Done():
				return
			}
		case errors.Is(err, syscall.EIO):
			select {
			case <-back:
			case <-ctx.Done():
				return
			}
		case err != nil:
			return
		}
	}
}

func (a *attached) closeMenu() {
	if a.menu != nil {
		a.printer.Footer("")
		a.menu.restore()
		a.menu = nil
	}
}

// pressed receives keys; nil if there is no menu.
func (a *attached) pressed() <-chan byte {
	if a.menu == nil {
		return nil
	}
	return a.menu.keys
}

func (a *attached) showMenu() {
	if a.menu == nil {
		return
	}
	var parts []string
	switch {
	case a.stopping > 0:
		a.printer.Footer("")
		return
	case a.menu.pick != nil:
		parts = append(parts, a.menu.title, "0 all")
		if a.menu.title == restartTitle {
			parts = parts[:1]
		}
		for i, name := range a.choosable() {
			parts = append(parts, fmt.Sprintf("%c %s", choices[i], name))
		}
		parts = append(parts, "Esc back")
	default:
		if a.watchable {
			parts = append(parts, map[bool]string{true: "w Disable Watch", false: "w Enable Watch"}[a.watching != nil])
		}
		parts = append(parts, "l Logs of", "r Restart", "d Detach", "Ctrl+C Stop")
	}
	a.printer.Footer(ui.Escape("  " + strings.Join(parts, "   ")))
}

const (
	logsTitle    = "Logs of:"
	restartTitle = "Restart:"
)

// choosable are the services that have a key.
func (a *attached) choosable() []string {
	return a.scope.attached[:min(len(a.scope.attached), len(choices))]
}

// press does what a key means.
func (a *attached) press(ctx context.Context, key byte) {
	defer a.showMenu()
	if a.stopping > 0 {
		return
	}
	if pick := a.menu.pick; pick != nil {
		a.menu.pick = nil
		if i := strings.IndexByte(choices, key); i >= 0 && i < len(a.choosable()) {
			pick(a.choosable()[i])
		} else if key == '0' && a.menu.title == logsTitle {
			pick("")
		}
		return
	}
	switch key {
	case '\r', '\n':
		a.printer.Around(func() { fmt.Fprintln(a.Out) })
	case 'd':
		a.detach()
	case 'w':
		a.toggleWatch(ctx)
	case 'l':
		a.menu.title, a.menu.pick = logsTitle, func(service string) { a.openLogs(ctx, service) }
	case 'r':
		a.menu.title, a.menu.pick = restartTitle, func(service string) { a.restartByKey(ctx, service) }
	}
}

func (a *attached) restartByKey(ctx context.Context, service string) {
	switch {
	case a.applying != nil:
		a.menu.restart = service
		a.inform(fmt.Sprintf("Restarting %s once everything is started", service))
	case a.errand != nil:
		a.inform(fmt.Sprintf("Wait for the end of %s", a.errand.what))
	default:
		a.restart(ctx, service)
	}
}

func (a *attached) toggleWatch(ctx context.Context) {
	switch {
	case a.watching != nil:
		a.unwatch()
		a.inform("Watch disabled")
		a.free()
	case a.applying != nil && a.opt.watch:
		a.opt.watch = false
		a.disarm()
		a.inform("Watch disabled")
	case a.applying != nil && a.watchable:
		var err error
		if a.armed, err = a.arm(ctx); err != nil {
			a.printer.Warn(err.Error())
			return
		}
		a.opt.watch = true
		a.inform("Watch is enabled once everything is started")
	case a.watchable:
		if err := a.watch(ctx); err != nil {
			a.printer.Warn(err.Error())
		}
	}
}

// openLogs shows the output of one service, from a little before, or that of all.
func (a *attached) openLogs(ctx context.Context, service string) {
	if service == "" {
		a.only.Store(nil)
		a.inform("Output of all services")
		return
	}
	a.only.Store(&service)
	a.inform("Output of " + service)
	cs, err := containersOf(ctx, a.engine, target{a.op.Project, a.op.Want}, service, func(c engine.Container) bool { return !c.OneOff })
	if err == nil {
		_, err = output.Merge(ctx, a.engine, cs, engine.LogOptions{Tail: menuTail, Timestamps: true}, func(i int, l engine.LogLine) error {
			return a.logs.Output(output.Output{Container: cs[i], Line: l})
		})
	}
	if err != nil {
		a.printer.Warn("logs of " + service + ": " + ui.ErrorText(err))
	}
}

// shows reports whether the output of a service is shown now.
func (a *attached) shows(service string) bool {
	if only := a.only.Load(); only != nil {
		return service == *only
	}
	return slices.Contains(a.scope.shown, service)
}

// detach leaves the containers to themselves, once all are started.
func (a *attached) detach() {
	a.detached = true
	if a.applying != nil {
		a.inform("Detaching once everything is started")
		return
	}
	a.dismiss(errDetached)
	a.stopFollowing(errDetached)
}

var errDetached = errors.New("detached")
