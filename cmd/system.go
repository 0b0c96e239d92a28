package cmd

import (
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/musterdev/muster/internal/host"
	"github.com/musterdev/muster/internal/ui"
	"golang.org/x/term"
)

// version is set by the build.
var version string

// System is the App of this process.
func System() *App {
	collectLate()
	stderr := int(os.Stderr.Fd())
	return &App{
		Program: os.Args[0], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Environ(), Version: buildVersion(),
		Terminal: Terminal{
			In: term.IsTerminal(int(os.Stdin.Fd())), Out: term.IsTerminal(int(os.Stdout.Fd())), Err: term.IsTerminal(stderr),
			Screen: func() (columns, rows int) {
				columns, rows, err := term.GetSize(stderr)
				if err != nil {
					return 0, 0
				}
				return columns, rows
			},
			Raw: func() (func(), error) {
				state, err := term.MakeRaw(int(os.Stdin.Fd()))
				if err != nil {
					return nil, err
				}
				return func() { _ = term.Restore(int(os.Stdin.Fd()), state) }, nil // the terminal may be gone
			},
			Keys:    host.KeyMode(os.Stdin),
			Resized: host.Resized,
		},
		Connect: toDocker,
		Signals: func() (<-chan os.Signal, func()) {
			ch := make(chan os.Signal, 4)
			signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
			if !signal.Ignored(syscall.SIGHUP) { // as under nohup
				signal.Notify(ch, syscall.SIGHUP)
			}
			return ch, func() { signal.Stop(ch) }
		},
		Leave: func(code int) {
			if term.IsTerminal(stderr) {
				ui.RestoreCursor(os.Stderr)
			}
			os.Exit(code)
		},
	}
}

// firstHeap is how large the heap of a process may grow before it is collected
// for the first time, as a GOGC value: a percentage of Go's least heap, 4 MiB.
const firstHeap = 250

// collectLate keeps the garbage collector out of the way of commands that end
// within milliseconds: on two cores it costs them a fifth of their time. After
// the first collection everything is as Go has it.
func collectLate() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(firstHeap)
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}

// buildVersion is what the build set, else what Go recorded of the module.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
