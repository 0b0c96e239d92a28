package foreground

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/musterdev/muster/internal/ui"
)

// Keys are the keyboard of the terminal that everything is shown on.
type Keys struct {
	In io.Reader
	// Mode makes the terminal hand over each key at once, until restore is called.
	// resumed is called when the process was stopped and has the terminal again.
	Mode func(resumed func()) (restore func(), err error)
}

// menu is what the keys do in an attached up on a terminal.
type menu struct {
	keys    chan byte
	restore func()
	choice  choosingFor
}

// choosingFor is what a service is being chosen for.
type choosingFor string

// The choices, by their titles.
const (
	noChoice      choosingFor = ""
	logsChoice    choosingFor = "Logs of:"
	restartChoice choosingFor = "Restart:"
)

// keyCommand is what a key asks for.
type keyCommand int

// What keys ask for.
const (
	noCommand keyCommand = iota
	newLine
	detach
	toggleWatch
	showLogs // of the service, or of all
	restart
)

// serviceKeys are the keys that choose a service, in their order.
const serviceKeys = "123456789abcefghijklmnopqstuvwxyz"

// openMenu begins to read keys; nil if the terminal does not hand them over.
func openMenu(ctx context.Context, keys Keys, printer ui.Printer) *menu {
	if keys.Mode == nil {
		return nil
	}
	back := make(chan struct{}, 1)
	restore, err := keys.Mode(func() {
		printer.Redraw()
		select {
		case back <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return nil
	}
	m := &menu{keys: make(chan byte), restore: restore}
	go m.read(ctx, keys.In, back)
	return m
}

// read hands the keys over. A read in the background fails: it waits until the
// terminal is ours again.
func (m *menu) read(ctx context.Context, from io.Reader, back <-chan struct{}) {
	var key [1]byte
	for {
		n, err := from.Read(key[:])
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

// pressed receives keys; nil if there is no menu.
func (m *menu) pressed() <-chan byte {
	if m == nil {
		return nil
	}
	return m.keys
}

// press is what a key asks for, and of which service.
func (m *menu) press(key byte, services []string) (keyCommand, string) {
	if of := m.choice; of != noChoice {
		m.choice = noChoice
		asked := map[choosingFor]keyCommand{logsChoice: showLogs, restartChoice: restart}[of]
		if i := strings.IndexByte(serviceKeys, key); i >= 0 && i < len(services) {
			return asked, services[i]
		} else if key == '0' && of == logsChoice {
			return showLogs, ""
		}
		return noCommand, ""
	}
	switch key {
	case '\r', '\n':
		return newLine, ""
	case 'd':
		return detach, ""
	case 'w':
		return toggleWatch, ""
	case 'l':
		m.choice = logsChoice
	case 'r':
		m.choice = restartChoice
	}
	return noCommand, ""
}

// line is what the menu says: of the services that have a key, and of watching if
// that can be done.
func (m *menu) line(services []string, watchable, watching bool) string {
	var parts []string
	if m.choice != noChoice {
		parts = append(parts, string(m.choice))
		if m.choice == logsChoice {
			parts = append(parts, "0 all")
		}
		for i, name := range services {
			parts = append(parts, fmt.Sprintf("%c %s", serviceKeys[i], name))
		}
		parts = append(parts, "Esc back")
	} else {
		if watchable {
			parts = append(parts, map[bool]string{true: "w Disable Watch", false: "w Enable Watch"}[watching])
		}
		parts = append(parts, "l Logs of", "r Restart", "d Detach", "Ctrl+C Stop")
	}
	return ui.Escape("  " + strings.Join(parts, "   "))
}
