package host

import (
	"os"
	"syscall"
)

// Interrupt is the end of a command by a signal.
type Interrupt struct{ Signal os.Signal }

// Error says it in the words of shells.
func (e *Interrupt) Error() string {
	switch e.Signal {
	case syscall.SIGTERM:
		return "terminated"
	case syscall.SIGHUP:
		return "hung up"
	}
	return "interrupted"
}

// ExitCode is 128 and the signal, as shells report it.
func (e *Interrupt) ExitCode() int {
	if s, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 130
}
